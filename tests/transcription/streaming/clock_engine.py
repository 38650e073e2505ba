"""An engine that says what time it is in the audio, for sessions without a recogniser."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from transcription.engines.base import (
    Hypothesis,
    HypothesisSegment,
    Samples,
    SpeechCapabilities,
    SpeechOptions,
    SpeechWindow,
)
from transcription.errors import EngineFailed
from transcription.models import Word


class Clock:
    """An engine that hears the number of every whole second: what it says can be checked by time alone."""

    name, model, version = "clock", "seconds", "1"
    capabilities = SpeechCapabilities()

    def __init__(self, failures: int = 0, *, retryable: bool = True) -> None:
        self._failures = failures
        self._retryable = retryable
        self.closed = False

    def load(self) -> None:
        """Nothing to load."""

    def close(self) -> None:
        self.closed = True

    def decode(self, windows: Sequence[SpeechWindow]) -> list[Hypothesis]:
        if self._failures:
            self._failures -= 1
            raise EngineFailed(self.name, "out of order", retryable=self._retryable)
        return [self._hear(window) for window in windows]

    def transcribe(
        self, samples: Samples, options: SpeechOptions, on_progress: Callable[[float], None]
    ) -> Iterator[Hypothesis]:
        yield self._hear(SpeechWindow("all", samples, 0.0, True, options))

    def _hear(self, window: SpeechWindow) -> Hypothesis:
        end_s = window.offset_s + window.duration_s
        seconds = [n for n in range(int(end_s) + 1) if window.offset_s <= n and n + 0.4 <= end_s]
        words = tuple(Word(f"t{n}", n, n + 0.4) for n in seconds)
        if not words:
            return Hypothesis(())
        text = " ".join(word.text for word in words)
        return Hypothesis((HypothesisSegment(words[0].start_s, words[-1].end_s, text, words),), language="en")
