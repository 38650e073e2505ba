"""Follows runs for any number of readers: what Redis kept of a run, then what comes, then how it ended.

One connection a process hears that something was appended, and wakes who follows that run; each reads what is
new from its own number on, so nothing is lost between the past and the present. How a run ended is read from
its row, whether or not the last event came through: every follower ends, and ends once.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import suppress

from django.conf import settings
from redis.asyncio import Redis
from redis.exceptions import RedisError

from conversations import run_events
from conversations.api.run_watcher import RunWatcher
from conversations.cancelling import cancel_all
from conversations.run_events import RunEvent, run_channel

logger = logging.getLogger(__name__)

LOOK_INTERVAL_S = 2.0
"""How often a follower looks for itself, should a wake-up have been lost."""
REJOIN_S = 1.0


class RunFollower:
    """One an event loop."""

    def __init__(self, watcher: RunWatcher) -> None:
        self._watcher = watcher
        self._redis = Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=10)
        self._followers: dict[int, set[asyncio.Event]] = {}
        self._hearing: asyncio.Task[None] | None = None

    async def follow(
        self, run_id: int, *, after: int, heartbeat_s: float, limit_s: float
    ) -> AsyncGenerator[tuple[int, RunEvent] | None]:
        """Numbered events from `after` on, None where nothing was said for `heartbeat_s`; ends when the run
        has. The event that says the end of the run is not among them: the row says that.

        Raises TimeoutError after `limit_s`.
        """
        news = asyncio.Event()
        self._followers.setdefault(run_id, set()).add(news)
        self._hear()
        ended = asyncio.ensure_future(self._watcher.ended(run_id))
        ended.add_done_callback(lambda _: news.set())
        loop = asyncio.get_running_loop()
        said_at = loop.time()
        deadline_s = said_at + limit_s
        try:
            after = await self._known(run_id, after)
            while True:
                news.clear()
                is_over = ended.done()
                is_told = False
                for number, event in await self._read(run_id, after):
                    after = number
                    is_told = is_told or event.kind == "run"
                    if event.kind != "run":
                        said_at = loop.time()
                        yield number, event
                if is_over or is_told:
                    return
                if loop.time() - said_at >= heartbeat_s:
                    said_at = loop.time()
                    yield None
                now_s = loop.time()
                if now_s >= deadline_s:
                    raise TimeoutError
                with suppress(TimeoutError):
                    due_s = min(now_s + LOOK_INTERVAL_S, said_at + heartbeat_s, deadline_s)
                    async with asyncio.timeout_at(due_s):
                        await news.wait()
        finally:
            ended.cancel()
            followers = self._followers[run_id]
            followers.discard(news)
            if not followers:
                del self._followers[run_id]

    async def aclose(self) -> None:
        """Stop hearing; for the end of an event loop."""
        if self._hearing is not None:
            await cancel_all([self._hearing])
        await self._redis.aclose()

    async def _known(self, run_id: int, after: int) -> int:
        """A client that has heard more than Redis remembers comes from before Redis lost it: all is said
        again."""
        try:
            return after if after <= await run_events.last_number(self._redis, run_id) else 0
        except RedisError:
            return after

    async def _read(self, run_id: int, after: int) -> list[tuple[int, RunEvent]]:
        try:
            return await run_events.read_after(self._redis, run_id, after)
        except RedisError as error:  # the row will say how it ended
            logger.warning("events of run %s cannot be read: %s", run_id, type(error).__name__)
            return []

    def _hear(self) -> None:
        if self._hearing is None or self._hearing.done():
            self._hearing = asyncio.get_running_loop().create_task(self._hear_all())

    async def _hear_all(self) -> None:
        while self._followers:
            try:
                async with self._redis.pubsub() as heard:
                    await heard.psubscribe(run_channel("*"))
                    self._wake_all()
                    while self._followers:
                        message = await heard.get_message(ignore_subscribe_messages=True, timeout=1.0)
                        if message is not None:
                            run_id = json.loads(message["data"])["run_id"]
                            for news in self._followers.get(run_id, ()):
                                news.set()
            except (RedisError, OSError) as error:
                logger.warning("runs are not heard: %s", type(error).__name__)
                await asyncio.sleep(REJOIN_S)

    def _wake_all(self) -> None:
        for followers in self._followers.values():
            for news in followers:
                news.set()
