"""When audio came in, and how many bytes it was: looked up by its place on the audio clock."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from sessions.meter import Extent
from transcription.engines.base import SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class _Mark:
    """`sample`: where a frame ended, at 16 kHz."""

    sample: float
    sent_bytes: int
    received_at: float | None


class Receipts:
    """A mark at the end of each frame, from the oldest that may still be asked for.

    `begins`: where the stream goes on from, where another process received what came before.
    """

    def __init__(self, begins: Extent) -> None:
        self._dropped = _Mark(begins.audio_s * SAMPLE_RATE_HZ, begins.sent_bytes, None)
        self._marks: list[_Mark] = []
        self._samples: list[float] = []

    def note(self, total: Extent, received_at: float) -> None:
        """`total`: everything received so far."""
        sample = total.audio_s * SAMPLE_RATE_HZ
        self._marks.append(_Mark(sample, total.sent_bytes, received_at))
        self._samples.append(sample)

    def of_sample(self, sample: int) -> float | None:
        """Unix seconds at which the audio before `sample` (16 kHz) was all here; None before any came."""
        if not self._marks:
            return self._dropped.received_at
        return self._marks[min(self._index(sample), len(self._marks) - 1)].received_at

    def sent_bytes_between(self, start_s: float, end_s: float) -> int:
        """The audio of a span as it was sent; within a frame, in proportion."""
        return max(0, round(self._bytes_until(end_s) - self._bytes_until(start_s)))

    def drop_before(self, sample: int) -> None:
        """Forget marks that end before `sample`."""
        index = self._index(sample)
        if index:
            self._dropped = self._marks[index - 1]
            del self._marks[:index], self._samples[:index]

    def _index(self, sample: float) -> int:
        """The first mark that is not before the sample, to the nearest."""
        return bisect_left(self._samples, sample - 0.5)

    def _bytes_until(self, time_s: float) -> float:
        """Where the span reaches past what is still marked, at the rate of what is."""
        marks = [self._dropped, *self._marks]
        if len(marks) == 1:
            return marks[0].sent_bytes
        sample = time_s * SAMPLE_RATE_HZ
        later = min(max(1, self._index(sample) + 1), len(marks) - 1)
        before, after = marks[later - 1], marks[later]
        if after.sample == before.sample:
            return after.sent_bytes
        rate = (after.sent_bytes - before.sent_bytes) / (after.sample - before.sample)
        return before.sent_bytes + (sample - before.sample) * rate
