"""Engines for the workers that tests start: real processes load them by dotted path, as they would an
operator's own. Their words say what they are to do, so that one worker serves every test."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.conf import settings
from redis import Redis

from transcription.analysis.base import Quality, SpeakerTurns, StageEngineConfig, SubMetric, Talk
from transcription.engines.base import (
    SAMPLE_RATE_HZ,
    Hypothesis,
    HypothesisSegment,
    Samples,
    SpeechCapabilities,
    SpeechEngineConfig,
    SpeechOptions,
    SpeechWindow,
)
from transcription.errors import EngineFailed
from transcription.models import Segment, Turn, Word


class ObedientQuality:
    """Does as the first segment says: "raise", or at the first try only "fail for now" or "die"."""

    name = "obedient"
    model = "none"
    version = "1"

    def __init__(self, config: StageEngineConfig) -> None:
        pass

    def load(self) -> None:
        pass

    def evaluate(self, talk: Talk, *, on_progress: Callable[[float], None] = lambda _: None) -> Quality:
        order = talk.segments[0].text
        tries = Redis.from_url(settings.REDIS_URL).incr(f"test:tries:{order}")
        if "raise" in order:
            raise ZeroDivisionError("as I was told")
        if "fail for now" in order and tries == 1:
            raise EngineFailed(self.name, "not now", retryable=True)
        if "die" in order and tries == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        metric = SubMetric("uses the opening phrase", prediction=None, probability=None, evidence=())
        return Quality({"opening": (metric,)})


class HalfAndHalf:
    """Two voices: the first half of the recording is one's, the second the other's."""

    name = "half-and-half"
    model = "none"
    version = "1"

    def __init__(self, config: StageEngineConfig) -> None:
        pass

    def load(self) -> None:
        pass

    def diarize(
        self,
        samples: Samples,
        segments: Sequence[Segment],
        *,
        num_speakers: int | None = None,
        on_progress: Callable[[float], None] = lambda _: None,
    ) -> SpeakerTurns:
        end_s = len(samples) / SAMPLE_RATE_HZ
        return SpeakerTurns(
            (Turn("SPEAKER_00", 0.0, end_s / 2), Turn("SPEAKER_01", end_s / 2, end_s)),
        )


class Counter:
    """A recogniser that hears a number in every second: "0", "1", "2"…"""

    name = "counter"
    version = "1"
    capabilities = SpeechCapabilities(batch_size=4)

    def __init__(self, config: SpeechEngineConfig) -> None:
        self.model = config.model

    def load(self) -> None:
        pass

    def decode(self, windows: Sequence[SpeechWindow]) -> list[Hypothesis]:
        return [self._hear(window.samples, window.offset_s) for window in windows]

    def transcribe(
        self, samples: Samples, options: SpeechOptions, on_progress: Callable[[float], None]
    ) -> Iterator[Hypothesis]:
        on_progress(0.5)
        yield self._hear(samples, 0.0)

    def close(self) -> None:
        pass

    @staticmethod
    def _hear(samples: Samples, offset_s: float) -> Hypothesis:
        words = tuple(
            Word(str(second), offset_s + second, offset_s + second + 0.9)
            for second in range(len(samples) // SAMPLE_RATE_HZ)
        )
        text = " ".join(word.text for word in words)
        end_s = offset_s + len(samples) / SAMPLE_RATE_HZ
        return Hypothesis((HypothesisSegment(offset_s, end_s, text, words),), language="en")


class Stuck(Counter):
    """Never comes back from a decode."""

    name = "stuck"

    def decode(self, windows: Sequence[SpeechWindow]) -> list[Hypothesis]:
        threading.Event().wait()
        raise AssertionError("unreachable")


class Broken(Counter):
    """Raises what no engine is allowed to raise."""

    def load(self) -> None:
        raise ZeroDivisionError("as I was told")


def engine_path(engine: type[Any]) -> str:
    return f"{engine.__module__}.{engine.__qualname__}"
