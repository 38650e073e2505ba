"""Tells any number of coroutines when their runs have ended, with one query for all of them.

The rows are looked at, and no message is waited for: a message on Redis may be lost, so that the rows would
have to be looked at all the same. The look is shared, so a hundred waiting requests cost what one costs: a
query on the primary key, a tenth of the wait apart and at most a second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from django.db import Error as DatabaseError
from django.db import connections

from conversations.models import PipelineRun
from conversations.services.stage_runs import RUN_UNFINISHED

logger = logging.getLogger(__name__)
T = TypeVar("T")

SHORTEST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0
PART_OF_WAIT = 0.1
"""Between two looks, of the time that the youngest has waited: an answer is late by no more than that."""
_executor = ThreadPoolExecutor(2, thread_name_prefix="waiting")


async def off_the_loop(function: Callable[[], T]) -> T:
    """Call what uses the database in a thread that gives its connection back when it is done."""
    return await asyncio.get_running_loop().run_in_executor(_executor, partial(_call, function))


def _call(function: Callable[[], T]) -> T:
    try:
        return function()
    finally:
        connections.close_all()


def ended_among(run_ids: Collection[int]) -> set[int]:
    """Those that have ended, however, or are not there any more."""
    under_way = PipelineRun.objects.filter(pk__in=run_ids, status__in=RUN_UNFINISHED)
    return set(run_ids) - set(under_way.values_list("pk", flat=True))


class RunWatcher:
    """`look` says which of some runs have ended; called off the loop, and only while somebody waits."""

    def __init__(self, look: Callable[[Collection[int]], set[int]] = ended_among) -> None:
        self._look = look
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}
        self._youngest_at = 0.0
        self._watching: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits."""
        return not self._waiting

    async def ended(self, run_id: int) -> None:
        """Returns when the run has ended. May be cancelled."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._waiting.setdefault(run_id, []).append(future)
        self._youngest_at = loop.time()
        if self._watching is None or self._watching.done():
            self._watching = loop.create_task(self._watch())
        try:
            await future
        finally:
            futures = self._waiting.get(run_id, [])
            if future in futures:
                futures.remove(future)
            if not futures:
                self._waiting.pop(run_id, None)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            waited_s = loop.time() - self._youngest_at
            await asyncio.sleep(min(LONGEST_PAUSE_S, max(SHORTEST_PAUSE_S, PART_OF_WAIT * waited_s)))
            try:
                ended = await off_the_loop(partial(self._look, tuple(self._waiting)))
            except DatabaseError:  # it comes back, and the waiting goes on
                logger.warning("could not look at the runs that are waited for", exc_info=True)
                continue
            for run_id in ended:
                for future in self._waiting.pop(run_id, []):
                    if not future.done():
                        future.set_result(None)
