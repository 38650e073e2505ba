"""Numbered media frames back into one stream: doubles dropped, late ones waited for, gaps filled.

Pure: every time is passed in, seconds on one monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from sessions.meter import Meter

MAX_WAITING_FRAMES = 64
MAX_WAITING_BYTES = 1024 * 1024
MAX_WAIT_S = 2.0
"""How much may wait for a frame that is missing, and how long (contract: segment stream)."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Audio that did not come. Silence of `length` (as the session's meter counts) takes its place; `frames`:
    None where none is missing, but a frame said that it begins later than the last one ended."""

    length: int
    frames: tuple[int, int] | None

    @property
    def message(self) -> str:
        if self.frames is None:
            return "Samples are missing between two frames; silence takes their place."
        first, last = self.frames
        return f"Frames {first} to {last} did not come; silence takes their place."


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A frame that begins before the end of what came before it. It is left out."""

    seq: int

    @property
    def message(self) -> str:
        return f"Frame {self.seq} begins before the end of the one before it; it is left out."


Piece: TypeAlias = bytes | Gap | Misplaced


@dataclass(frozen=True, slots=True)
class _Waiting:
    offset: int
    data: bytes
    since_s: float


class MediaOrder:
    """`next_seq`: the frame that is waited for. `meter`: how long a frame is, and how much of the stream was
    taken before: frames that lie there have come already, and what of one does is left out."""

    def __init__(self, meter: Meter, sample_rate_hz: int = 0, *, next_seq: int = 0) -> None:
        self.next_seq = next_seq
        self._meter = meter
        self._position = round(meter.total.audio_s * sample_rate_hz * meter.units_per_sample)
        self._taken_before = self._position
        self._waiting: dict[int, _Waiting] = {}
        self._waiting_bytes = 0

    @property
    def due_s(self) -> float | None:
        """When what is missing will not be waited for any longer; None where nothing is."""
        return min((frame.since_s + MAX_WAIT_S for frame in self._waiting.values()), default=None)

    def take(self, seq: int, offset: int, data: bytes, now_s: float) -> list[Piece]:
        """What can be heard now. Raises AudioUndecodable; then nothing is taken."""
        self._meter.length(data)
        if seq < self.next_seq or seq in self._waiting:
            return []
        if seq == self.next_seq:
            return self._follow(offset, data) + self._drain()
        self._waiting[seq] = _Waiting(offset, data, now_s)
        self._waiting_bytes += len(data)
        pieces: list[Piece] = []
        while len(self._waiting) > MAX_WAITING_FRAMES or self._waiting_bytes > MAX_WAITING_BYTES:
            pieces += self._skip()
        return pieces

    def overdue(self, now_s: float) -> list[Piece]:
        """What is heard because a missing frame has been waited for long enough."""
        pieces: list[Piece] = []
        while self.due_s is not None and now_s >= self.due_s:
            pieces += self._skip()
        return pieces

    def finish(self) -> list[Piece]:
        """No more comes: all that waits."""
        pieces: list[Piece] = []
        while self._waiting:
            pieces += self._skip()
        return pieces

    def _skip(self) -> list[Piece]:
        """Give up what is missing before the first frame that waits."""
        seq = min(self._waiting)
        missing = (self.next_seq, seq - 1)
        self.next_seq = seq
        return self._drain(missing)

    def _drain(self, missing: tuple[int, int] | None = None) -> list[Piece]:
        pieces: list[Piece] = []
        while frame := self._waiting.pop(self.next_seq, None):
            self._waiting_bytes -= len(frame.data)
            pieces += self._follow(frame.offset, frame.data, missing)
            missing = None
        return pieces

    def _follow(self, offset: int, data: bytes, missing: tuple[int, int] | None = None) -> list[Piece]:
        self.next_seq += 1
        per_sample = self._meter.units_per_sample
        ahead = offset * per_sample - self._position
        if ahead < 0 and offset * per_sample < self._taken_before:
            data = self._without_taken(data, -ahead)
            ahead = 0
        if ahead <= -per_sample:
            return [Misplaced(self.next_seq - 1)]
        pieces: list[Piece] = []
        if missing or ahead >= per_sample:
            pieces.append(Gap(max(0, ahead), missing))
            self._position += max(0, ahead)
        self._position += self._meter.length(data)
        return [*pieces, data] if data else pieces

    def _without_taken(self, data: bytes, taken: int) -> bytes:
        """What of a frame is new; a packet that is not wholly so is not."""
        length = self._meter.length(data)
        return data[taken:] if length == len(data) else b""
