"""The scripted engine, held in the middle of a call while a test does something to its process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import wait_for
from transcription.engines.base import (
    Hypothesis,
    Samples,
    SpeechEngineConfig,
    SpeechOptions,
    SpeechWindow,
)
from transcription.engines.scripted import ScriptedEngine

LOOK_S = 0.02


class HeldEngine(ScriptedEngine):
    """Option `hold`: a folder. A call of `decode` or `transcribe` that finds a file of its name there makes
    a file "held" and goes on when the first is gone."""

    def __init__(self, config: SpeechEngineConfig) -> None:
        super().__init__(config)
        self._hold = Path(str(dict(config.options)["hold"]))

    def decode(self, windows: Sequence[SpeechWindow]) -> list[Hypothesis]:
        self._wait("decode")
        return super().decode(windows)

    def transcribe(
        self, samples: Samples, options: SpeechOptions, on_progress: Callable[[float], None]
    ) -> Iterator[Hypothesis]:
        self._wait("transcribe")
        yield from super().transcribe(samples, options, on_progress)

    def _wait(self, call: str) -> None:
        while (self._hold / call).exists():
            (self._hold / "held").touch()
            time.sleep(LOOK_S)


@contextmanager
def held(hold: Path, call: str) -> Iterator[Callable[[], object]]:
    """Inside, calls of that name do not return; the value waits until one is in the middle."""
    order, answer = hold / call, hold / "held"
    answer.unlink(missing_ok=True)
    order.touch()
    try:
        yield lambda: wait_for(answer.exists, what=f"a call of {call}")
    finally:
        order.unlink()
        answer.unlink(missing_ok=True)
