"""A speech engine whose every call the test holds in its hands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from transcription.engines.base import (
    Hypothesis,
    HypothesisSegment,
    Samples,
    SpeechCapabilities,
    SpeechOptions,
    SpeechWindow,
)
from transcription.errors import EngineFailed


class HeldEngine:
    """Says the length of each window; waits inside `decode` while `gate` is closed."""

    name = "held"
    version = "1"

    def __init__(
        self,
        model: str = "base",
        *,
        batch_size: int = 1,
        final_batch_size: int | None = None,
        concurrency: int = 1,
    ) -> None:
        self.model = model
        self.capabilities = SpeechCapabilities(
            batch_size=batch_size, final_batch_size=final_batch_size, concurrency=concurrency
        )
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self.calls: list[list[str]] = []
        self.at_work = 0
        self.most_at_work = 0
        self.closed = False
        self._lock = threading.Lock()

    def load(self) -> None:
        pass

    def decode(self, windows: Sequence[SpeechWindow]) -> list[Hypothesis]:
        with self._lock:
            self.calls.append([window.utterance_key for window in windows])
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
        self.entered.release()
        self.gate.wait()
        with self._lock:
            self.at_work -= 1
        if any(window.utterance_key == "breaks" for window in windows):
            raise EngineFailed(self.name, "cannot read this", retryable=False)
        if any(window.utterance_key == "crashes" for window in windows):
            raise ZeroDivisionError
        return [
            Hypothesis((HypothesisSegment(w.offset_s, w.offset_s + w.duration_s, f"{len(w.samples)}"),))
            for w in windows
        ]

    def transcribe(
        self, samples: Samples, options: SpeechOptions, on_progress: Callable[[float], None]
    ) -> Iterator[Hypothesis]:
        yield from self.decode([SpeechWindow("whole", samples, 0.0, True, options)])

    def close(self) -> None:
        self.closed = True


def window(key: str, *, num_samples: int = 160, is_final: bool = False) -> SpeechWindow:
    return SpeechWindow(key, np.zeros(num_samples, np.float32), 0.0, is_final)
