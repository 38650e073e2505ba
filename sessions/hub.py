"""What a web process has of live sessions: the sessions it holds, and what they share.

One per event loop: the connections to Redis, the subscriber to which decodes answer, the VAD, the channel by
which other processes reach the sessions here, and the leases that say they are held.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Coroutine
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DatabaseError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from conversations.access import Access
from sessions import store
from sessions.attachment import Attachment
from sessions.clock import Clock
from sessions.decoding import RedisDecoder
from sessions.endings import END_BY_OPERATOR
from sessions.feed import Feed
from sessions.hearing import Hearing
from sessions.limits import WrongKeys
from sessions.live import LiveSession
from sessions.making import Means, make_session
from sessions.parameters import StreamParameters
from sessions.services.opening import (
    LEASE_S,
    AlreadyFinished,
    open_session,
    renew_leases,
    undo_opening,
)
from sessions.voice import SpeechStream, VoiceDetector

logger = logging.getLogger(__name__)

LEASE_INTERVAL_S = LEASE_S / 3
REJOIN_S = 1.0
REDIS_TIMEOUT_S = 5.0


class Hub:
    """Made by `current`. `make_speech` stands in for Silero in tests."""

    def __init__(
        self, *, clock: Clock | None = None, make_speech: Callable[[], SpeechStream] | None = None
    ) -> None:
        self.process_id = uuid.uuid4().hex
        self.sessions: dict[str, LiveSession] = {}
        self._live = settings.AMBIENT.live
        self._redis = Redis.from_url(settings.REDIS_URL, socket_connect_timeout=REDIS_TIMEOUT_S)
        self.wrong_keys = WrongKeys(self._redis)
        self.decoder = RedisDecoder(
            self._redis, process_id=self.process_id, expires_s=self._live.chunk_timeout_s
        )
        self.feed = Feed(self._redis)
        self.follower = Redis.from_url(
            settings.REDIS_URL,
            socket_connect_timeout=REDIS_TIMEOUT_S,
            max_connections=self._live.max_connections + 1,
        )
        self.watchers = 0
        self._detector = VoiceDetector(make_speech)
        self._means = Means(self._detector, self.decoder, self.feed, clock or Clock())
        self._hearing = Hearing(self._obey, lambda: self.sessions)
        self._opening: dict[str, asyncio.Lock] = {}
        self._tasks = [
            asyncio.create_task(self._forever(self.decoder.listen, "replies")),
            asyncio.create_task(self._forever(self.feed.write, "feed")),
            asyncio.create_task(self._forever(self._hearing.listen, "operators")),
            asyncio.create_task(self._forever(self._keep_leases, "leases")),
        ]

    async def open(
        self, *, session_id: str, access: Access, parameters: StreamParameters, model: str, protocol: str
    ) -> Attachment:
        """A socket's session: a new one, or its owner's running one, gone on with.

        Raises what `open_session` raises, and OSError where the journal has no room.
        """
        async with self._opening.setdefault(session_id, asyncio.Lock()):
            try:
                return await self._open(session_id, access, parameters, model, protocol)
            finally:
                if session_id not in self.sessions:
                    self._opening.pop(session_id, None)

    async def close(self) -> None:
        """The process is going: nothing accepted may depend on it any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(session.abandon() for session in list(self.sessions.values())))
        self.sessions.clear()
        await self.decoder.clear()
        await self.feed.close()
        self._detector.close()
        await self.follower.aclose()
        await self._redis.aclose()

    async def _open(
        self, session_id: str, access: Access, parameters: StreamParameters, model: str, protocol: str
    ) -> Attachment:
        engine = await self.decoder.engine()
        row = await store.run(
            open_session,
            session_id=session_id,
            access=access,
            parameters=parameters,
            protocol=protocol,
            process_id=self.process_id,
            engine=engine.engine if engine else "",
            model=engine.model if engine else model,
            max_sessions=self._live.max_connections,
        )
        if row.existed:
            session = self.sessions.get(session_id)
            if session is None:
                raise AlreadyFinished(session_id)
            return await session.attach(epoch=row.epoch, resumed=True)
        try:
            session = await make_session(
                self._means, row, parameters, model=model, engine=engine, on_ended=self._forget
            )
        except BaseException:
            await store.run(undo_opening, session_id=session_id)
            raise
        self.sessions[session_id] = session
        attachment = await session.attach(epoch=row.epoch, resumed=False)
        await self._hearing.join(session_id)
        return attachment

    def _forget(self, session: LiveSession) -> None:
        self.sessions.pop(session.session_id, None)
        self._opening.pop(session.session_id, None)
        leaving = asyncio.create_task(self._hearing.leave(session.session_id))
        self._tasks.append(leaving)
        leaving.add_done_callback(self._tasks.remove)

    # Tasks of the process

    async def _forever(self, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        """Redis and the database may go away; the sessions must not notice more than they have to."""
        while True:
            try:
                await work()
            except (RedisError, OSError, DatabaseError) as error:
                logger.warning("%s: %s", name, type(error).__name__)
            except Exception:
                logger.exception("%s broke", name)
            await asyncio.sleep(REJOIN_S)

    def _obey(self, message: dict[str, Any]) -> None:
        """Announcements and ends, from whichever process they were asked of."""
        if message["type"] == "session.end" and (session := self.sessions.get(message["session_id"])):
            session.end(END_BY_OPERATOR)
        elif message["type"] == "announcement":
            for session in self.sessions.values():
                session.announce(message["message"])

    async def _keep_leases(self) -> None:
        while True:
            if progress := [session.progress for session in self.sessions.values()]:
                await store.run(renew_leases, process_id=self.process_id, progress=progress)
            await asyncio.sleep(LEASE_INTERVAL_S)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def current() -> Hub:
    """The hub of the running loop, made when it is first asked for."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


def install(hub: Hub) -> Hub:
    """Make a hub of one's own the running loop's."""
    _hubs[asyncio.get_running_loop()] = hub
    return hub


async def shut_down() -> None:
    """Close the running loop's hub, where there is one (an ASGI lifespan's end)."""
    if hub := _hubs.pop(asyncio.get_running_loop(), None):
        await hub.close()
