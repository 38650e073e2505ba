"""When audio came in: the receipt of a sample, looked up by its place on the audio clock."""

from __future__ import annotations

from bisect import bisect_left

from transcription.engines.base import SAMPLE_RATE_HZ


class Receipts:
    """Marks of (bytes so far, Unix seconds), one a frame, from the oldest that may still be asked for."""

    def __init__(self, bytes_per_second: int) -> None:
        self._bytes_per_sample = bytes_per_second / SAMPLE_RATE_HZ
        self._bytes: list[int] = []
        self._times: list[float] = []
        self._dropped_until_s: float | None = None

    def note(self, total_bytes: int, received_at: float) -> None:
        self._bytes.append(total_bytes)
        self._times.append(received_at)

    def of_sample(self, sample: int) -> float | None:
        """Unix seconds at which the audio before `sample` (16 kHz) was all here; None before any came."""
        if not self._times:
            return self._dropped_until_s
        index = bisect_left(self._bytes, round(sample * self._bytes_per_sample))
        return self._times[min(index, len(self._times) - 1)]

    def drop_before(self, sample: int) -> None:
        """Forget marks that end before `sample`."""
        index = bisect_left(self._bytes, round(sample * self._bytes_per_sample))
        if index:
            self._dropped_until_s = self._times[index - 1]
            del self._bytes[:index], self._times[:index]
