"""The audio that is still needed: appended at the end, let go of at the start."""

from __future__ import annotations

import numpy as np

from transcription.engines.base import Samples

_FIRST_CAPACITY = 32_000
_MOST_SPARE = 480_000
"""Room left for what comes is as much again as is held, but no more than 30 s."""


class SampleBuffer:
    """Samples [start, end) of a stream, by their index in it.

    Views that `view` gave stay as they were: nothing is ever moved within an array, a full one is replaced.
    """

    def __init__(self, start: int = 0) -> None:
        self._array: Samples = np.zeros(_FIRST_CAPACITY, np.float32)
        self._base = start  # the stream's index of _array[0]
        self.start = start
        self.end = start

    def append(self, samples: Samples) -> None:
        """Raises ValueError unless `samples` is one-dimensional."""
        if samples.ndim != 1:
            raise ValueError(f"samples must have shape (n,), not {samples.shape}")
        needed = self.end - self._base + len(samples)
        if needed > len(self._array):
            held = self._array[self.start - self._base : self.end - self._base]
            room = len(held) + len(samples)
            array = np.zeros(max(_FIRST_CAPACITY, room + min(room, _MOST_SPARE)), np.float32)
            array[: len(held)] = held
            self._array, self._base = array, self.start
        offset = self.end - self._base
        self._array[offset : offset + len(samples)] = samples
        self.end += len(samples)

    def drop_before(self, sample: int) -> None:
        """Let go of what precedes `sample`. What is gone already stays gone."""
        self.start = min(max(self.start, sample), self.end)

    def view(self, start: int, end: int) -> Samples:
        """Samples [start, end). Raises IndexError where some are gone or have not come."""
        if not self.start <= start <= end <= self.end:
            raise IndexError(f"[{start}, {end}) is not within [{self.start}, {self.end})")
        return self._array[start - self._base : end - self._base]

    @property
    def capacity(self) -> int:
        """Samples that the memory held has room for."""
        return len(self._array)
