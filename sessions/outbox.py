"""What waits between a session and a reader that may be slow: finals are kept, partials give way.

Of a segment's revisions only the latest waits; a final takes the place of its partials. So it is with turns
and figures. What may not be left out is bounded by `limit`: past it the reader is given up (`overflowed`),
not the memory.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sessions.protocols.base import Acknowledged, Analysed, Heard, Notice, Replayed, TurnUpdated

DEFAULT_LIMIT = 1_000
"""Notices: an hour of finals, about 1 MB."""


@dataclass(frozen=True, slots=True)
class Close:
    """The last thing in a box: the socket is to be closed with this code."""

    code: int
    reason: str = ""


Item: TypeAlias = Notice | Close
_Slot: TypeAlias = list[tuple[Item, int]]
_Subject: TypeAlias = tuple[str, int]


class Outbox:
    """A queue of one socket. `put` and `close` never wait. `number` gives a notice that has none its place,
    or so many places, among all that the session says."""

    def __init__(self, *, number: Callable[[int], int], limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._number = number
        self._slots: deque[_Slot] = deque()
        self._partials: dict[_Subject, _Slot] = {}
        self._ack: _Slot | None = None
        self._filled = asyncio.Event()
        self.closed = False
        self.overflowed = False
        self._overflow_counted = False
        self.coalesced = 0

    def __len__(self) -> int:
        return sum(1 for slot in self._slots if slot)

    def put(self, notice: Notice, seq: int | None = None) -> None:
        """Nothing is taken any more once the box was closed or ran over."""
        if self.closed or self.overflowed:
            return
        if subject := _subject_of(notice):
            self._withdraw_partial(subject)
        elif isinstance(notice, Acknowledged) and self._ack:
            self._ack.clear()
        if len(self._slots) >= self._limit and len(self) >= self._limit:
            self.overflowed = True
            self._filled.set()
            return
        count = len(notice.bodies) if isinstance(notice, Replayed) else 1
        slot: _Slot = [(notice, self._number(count) if seq is None else seq)]
        if subject and not _is_final(notice):
            self._partials[subject] = slot
        elif isinstance(notice, Acknowledged):
            self._ack = slot
        self._slots.append(slot)
        self._filled.set()

    def close(self, code: int, reason: str = "") -> None:
        """After what is already in the box. The first close counts."""
        if not self.closed:
            self.closed = True
            self._slots.append([(Close(code, reason), 0)])
            self._filled.set()

    def take_coalesced(self) -> int:
        """Partials that gave way since this was last asked."""
        coalesced, self.coalesced = self.coalesced, 0
        return coalesced

    def take_overflow(self) -> int:
        """1 where the box has run over and this was not asked for since; else 0."""
        counted, self._overflow_counted = self._overflow_counted, self.overflowed
        return int(self.overflowed and not counted)

    async def get(self) -> tuple[Item, int] | None:
        """The next item and its number; None once the box has run over."""
        while True:
            if self.overflowed:
                return None
            while self._slots:
                slot = self._slots.popleft()
                if slot:
                    return self._taken(slot)
            self._filled.clear()
            await self._filled.wait()

    def _taken(self, slot: _Slot) -> tuple[Item, int]:
        item, seq = slot[0]
        if slot is self._ack:
            self._ack = None
        elif not isinstance(item, Close) and (subject := _subject_of(item)) and not _is_final(item):
            self._partials.pop(subject, None)
        return item, seq

    def _withdraw_partial(self, subject: _Subject) -> None:
        if slot := self._partials.pop(subject, None):
            slot.clear()
            self.coalesced += 1


def _subject_of(notice: Notice) -> _Subject | None:
    """What a notice tells the latest of; None: nothing that a later one replaces."""
    match notice:
        case Heard():
            return "segment", notice.segment_id
        case TurnUpdated():
            return "turn", notice.turn.id
        case Analysed():
            return "analytics", 0
    return None


def _is_final(notice: Notice) -> bool:
    match notice:
        case Heard():
            return notice.is_final
        case TurnUpdated():
            return not notice.turn.partial
        case Analysed():
            return notice.snapshot.turns_final
    return True
