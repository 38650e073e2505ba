"""What a client has sent and its session has not heard yet: audio, and what was asked for between it."""

from __future__ import annotations

from collections import deque
from enum import Enum


class Mark(Enum):
    """What a client asked for at one point of its audio."""

    FLUSH = "flush"
    CLEAR = "clear"


class Pending:
    """Pieces of audio and marks, in the order in which they came. True while anything waits."""

    def __init__(self) -> None:
        self._items: deque[bytes | Mark] = deque()

    def __bool__(self) -> bool:
        return bool(self._items)

    def put(self, item: bytes | Mark) -> None:
        self._items.append(item)

    def take_audio(self, most_bytes: int) -> bytes:
        """What comes before the next mark, at most so much of it."""
        taken: list[bytes] = []
        room = most_bytes
        while room > 0 and self._items and not isinstance(data := self._items[0], Mark):
            self._items.popleft()
            if len(data) > room:
                self._items.appendleft(data[room:])
                data = data[:room]
            taken.append(data)
            room -= len(data)
        return b"".join(taken)

    def take_mark(self) -> Mark | None:
        """The mark that is next, if one is."""
        if self._items and isinstance(mark := self._items[0], Mark):
            self._items.popleft()
            return mark
        return None
