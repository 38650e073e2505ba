"""The numbers of what a session says: one `seq` a message, for whoever reads it, wherever.

They are reserved in the session's row in blocks, so that a number that was used is never used again, whatever
becomes of the process that used it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from django.db import DatabaseError

from sessions.feed import Feed
from sessions.models import RealTimeSession
from sessions.protocols.base import Notice
from sessions.protocols.stream_bodies import Body
from sessions.services.holding import NotHeld

logger = logging.getLogger(__name__)

BLOCK = 1_000
"""Numbers that are reserved at a time."""
LOW = BLOCK // 2
"""With fewer left the next block is reserved. A database that is away for longer than these last is made up
for by whoever takes the session over: it leaves out a block."""

Reserve = Callable[[int], Awaitable[int]]
"""Takes how many; gives the first of them."""


class Say(Protocol):
    """Tell the session's own reader. `seq`: the number that the notice has been given already."""

    def __call__(self, notice: Notice, seq: int | None = None) -> None: ...


class Numbering:
    """`first`: of a block that is reserved. `reserve` gets the next one."""

    def __init__(self, feed: Feed, session_id: str, *, first: int, reserve: Reserve) -> None:
        self._feed = feed
        self._session_id = session_id
        self._next = first
        self._end = first + BLOCK
        self._reserve = reserve
        self._reserving: asyncio.Task[None] | None = None

    def take(self, count: int = 1) -> int:
        """The first of so many numbers, above all that were taken before."""
        first, self._next = self._next, self._next + count
        if self._end - self._next < LOW and self._reserving is None:
            self._reserving = asyncio.create_task(self._extend())
        return first

    def publish(self, bodies: Sequence[Body]) -> int:
        """To whoever follows the session, on any process. Returns the number of the first."""
        first = self.take(len(bodies))
        self._feed.publish(self._session_id, first, bodies)
        return first

    async def _extend(self) -> None:
        try:
            self._end = await self._reserve(BLOCK) + BLOCK
        except (NotHeld, RealTimeSession.DoesNotExist, DatabaseError) as error:
            logger.warning("session %s: no numbers were reserved: %s", self._session_id, type(error).__name__)
        finally:
            self._reserving = None
