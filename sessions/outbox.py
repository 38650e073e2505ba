"""What waits between a session and a reader that may be slow: finals are kept, partials give way.

Of a segment's revisions only the latest waits; a final takes the place of its partials. What may not be left
out is bounded by `limit`: past it the reader is given up (`overflowed`), not the memory.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

from sessions.protocols.base import Acknowledged, Heard, Notice

DEFAULT_LIMIT = 1_000
"""Notices: an hour of finals, about 1 MB."""


@dataclass(frozen=True, slots=True)
class Close:
    """The last thing in a box: the socket is to be closed with this code."""

    code: int
    reason: str = ""


Item: TypeAlias = Notice | Close
_Slot: TypeAlias = list[Item]


class Outbox:
    """A queue of one socket. `put` and `close` never wait."""

    def __init__(self, *, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._slots: deque[_Slot] = deque()
        self._partials: dict[int, _Slot] = {}
        self._ack: _Slot | None = None
        self._filled = asyncio.Event()
        self.closed = False
        self.overflowed = False
        self.coalesced = 0

    def __len__(self) -> int:
        return sum(1 for slot in self._slots if slot)

    def put(self, notice: Notice) -> None:
        """Nothing is taken any more once the box was closed or ran over."""
        if self.closed or self.overflowed:
            return
        if isinstance(notice, Heard):
            self._withdraw_partial(notice.segment_id)
        elif isinstance(notice, Acknowledged) and self._ack:
            self._ack[:] = [notice]
            return
        if len(self._slots) >= self._limit and len(self) >= self._limit:
            self.overflowed = True
            self._filled.set()
            return
        slot: _Slot = [notice]
        if isinstance(notice, Heard) and not notice.is_final:
            self._partials[notice.segment_id] = slot
        elif isinstance(notice, Acknowledged):
            self._ack = slot
        self._slots.append(slot)
        self._filled.set()

    def close(self, code: int, reason: str = "") -> None:
        """After what is already in the box. The first close counts."""
        if not self.closed:
            self.closed = True
            self._slots.append([Close(code, reason)])
            self._filled.set()

    def take_coalesced(self) -> int:
        """Partials that gave way since this was last asked."""
        coalesced, self.coalesced = self.coalesced, 0
        return coalesced

    async def get(self) -> Item | None:
        """The next item; None once the box has run over."""
        while True:
            if self.overflowed:
                return None
            while self._slots:
                slot = self._slots.popleft()
                if slot:
                    return self._taken(slot)
            self._filled.clear()
            await self._filled.wait()

    def _taken(self, slot: _Slot) -> Item:
        item = slot[0]
        if slot is self._ack:
            self._ack = None
        elif isinstance(item, Heard):
            self._partials.pop(item.segment_id, None)
        return item

    def _withdraw_partial(self, segment_id: int) -> None:
        if slot := self._partials.pop(segment_id, None):
            slot.clear()
            self.coalesced += 1
