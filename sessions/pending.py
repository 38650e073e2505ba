"""What a client has sent and its session has not heard yet: audio, and what was asked for between it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum


class Mark(Enum):
    """What a client asked for at one point of its audio."""

    FLUSH = "flush"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True)
class _Audio:
    """`until_s`: where it ends on the audio clock."""

    data: bytes
    until_s: float


class Pending:
    """Pieces of audio and marks, in the order in which they came. True while anything waits.

    `heard_s`: how much of the audio clock has been taken.
    """

    def __init__(self, heard_s: float = 0.0) -> None:
        self.heard_s = heard_s
        self._items: deque[_Audio | Mark] = deque()

    def __bool__(self) -> bool:
        return bool(self._items)

    def put_audio(self, data: bytes, until_s: float) -> None:
        self._items.append(_Audio(data, until_s))

    def put_mark(self, mark: Mark) -> None:
        self._items.append(mark)

    def take_audio(self, most_s: float) -> bytes:
        """What comes before the next mark, about so much of it at most, cut anywhere."""
        taken: list[bytes] = []
        stop_s = self.heard_s + most_s
        while self.heard_s < stop_s and self._items and not isinstance(audio := self._items[0], Mark):
            self._items.popleft()
            if audio.until_s > stop_s:
                part = (stop_s - self.heard_s) / (audio.until_s - self.heard_s)
                cut = max(1, int(len(audio.data) * part))
                self._items.appendleft(_Audio(audio.data[cut:], audio.until_s))
                taken.append(audio.data[:cut])
                self.heard_s = stop_s
            else:
                taken.append(audio.data)
                self.heard_s = audio.until_s
        return b"".join(taken)

    def take_mark(self) -> Mark | None:
        """The mark that is next, if one is."""
        if self._items and isinstance(mark := self._items[0], Mark):
            self._items.popleft()
            return mark
        return None
