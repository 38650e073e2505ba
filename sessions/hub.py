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
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from conversations.access import Access
from conversations.cancelling import cancel_all
from conversations.metrics import catalogue as metrics
from sessions import insights, store, voices
from sessions.aside import Aside
from sessions.attachment import Attachment
from sessions.clock import Clock
from sessions.decoding import LiveEngine, RedisDecoder
from sessions.endings import END_BY_OPERATOR
from sessions.enriching import Helpers
from sessions.farewell import RESTARTING, TAKEN_OVER, Farewell
from sessions.feed import Feed
from sessions.following import Said, changed_since, state_of
from sessions.hearing import Hearing
from sessions.limits import WrongKeys
from sessions.live import LiveSession
from sessions.load import LoadMeter
from sessions.making import Means, make_session
from sessions.parameters import StreamParameters
from sessions.services.holding import LEASE_S, renew_leases
from sessions.services.opening import HeldElsewhere, NoCapacity, OpenedRow, open_session, undo_opening
from sessions.services.restoring import Past, read_past
from sessions.termination import before_termination
from sessions.turns import Turns
from sessions.voice import SpeechStream, VoiceDetector
from transcription.analysis.base import LlmEndpoint

logger = logging.getLogger(__name__)

LEASE_INTERVAL_S = LEASE_S / 3
HOLDER_PATIENCE_S = LEASE_S + 1.0
"""How long a socket waits for a session that another process holds: one that lives lets go at once, the lease
of one that does not runs out meanwhile."""
RELEASE_LOOK_S = 0.1
UNSURE_REVISIONS = 100
"""More than a session says of one segment in the moment that its feed gathers messages."""
REJOIN_S = 1.0
REDIS_TIMEOUT_S = 5.0


class Hub:
    """Made by `current`. `make_speech` stands in for Silero in tests."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        make_speech: Callable[[], SpeechStream] | None = None,
    ) -> None:
        self.process_id = uuid.uuid4().hex
        self.sessions: dict[str, LiveSession] = {}
        self._live = settings.AMBIENT.live
        self._redis = Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=REDIS_TIMEOUT_S,
            socket_connect_timeout=REDIS_TIMEOUT_S,
            # Once, for a connection that a restart has left dead; its default is ten times, up to a minute.
            retry=Retry(NoBackoff(), 1),
        )
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
        self._clock = clock or Clock()
        self._helpers = _helpers()
        self._means = Means(
            self.process_id, self._detector, self.decoder, self.feed, self._helpers, self._clock
        )
        self._hearing = Hearing(self._obey, lambda: self.sessions)
        self._turns = Turns()
        self.load = LoadMeter(self._redis, self.sessions)
        self._leaving = False
        self._tasks = [
            asyncio.create_task(self._forever(self.decoder.listen, "replies")),
            asyncio.create_task(self._forever(self.feed.write, "feed")),
            asyncio.create_task(self._forever(self._hearing.listen, "operators")),
            asyncio.create_task(self._forever(self._keep_leases, "leases")),
            asyncio.create_task(self._forever(self.load.watch, "load")),
            asyncio.create_task(self._forever(self.load.say, "standing")),
        ]

    async def open(
        self,
        *,
        session_id: str,
        access: Access,
        parameters: StreamParameters,
        model: str,
        protocol: str,
        must_exist: bool = False,
    ) -> Attachment:
        """A socket's session: a new one, or its owner's running one, gone on with, whoever had it.

        Raises what `open_session` raises, and OSError where the journal has no room.
        """
        async with self._turns.of(session_id):
            if self._leaving:
                raise NoCapacity("this server restarts")
            return await self._open(session_id, access, parameters, model, protocol, must_exist=must_exist)

    async def changed_since(self, session_id: str, last_seq: int) -> list[Said]:
        """The latest message of everything that a session of this process said after `last_seq`."""
        await self.feed.close()
        return await changed_since(self._redis, session_id, last_seq)

    async def leave(self) -> None:
        """The process is going: no session comes in, and those that it has are free for other processes."""
        self._leaving = True
        await asyncio.gather(*(self._release(session_id, RESTARTING) for session_id in list(self.sessions)))

    async def close(self) -> None:
        """The process is going: nothing accepted may depend on it any more."""
        await self.leave()
        await cancel_all(self._tasks)
        await self.decoder.clear()
        await self.feed.close()
        self._detector.close()
        self._helpers.close()
        await self.follower.aclose()
        await self._redis.aclose()

    async def _open(
        self,
        session_id: str,
        access: Access,
        parameters: StreamParameters,
        model: str,
        protocol: str,
        *,
        must_exist: bool,
    ) -> Attachment:
        engine = await self.decoder.engine()
        row = await self._take(
            session_id=session_id,
            access=access,
            parameters=parameters,
            protocol=protocol,
            process_id=self.process_id,
            engine=engine.engine if engine else "",
            model=engine.model if engine else model,
            max_sessions=self._live.max_connections,
            grace_s=self._live.resume_grace_s,
            must_exist=must_exist,
        )
        if row.existed and (session := self.sessions.get(session_id)):
            metrics.SESSIONS_RESUMED.add(1, "same_process")
            return await session.attach(epoch=row.epoch, resumed=True, new_part=True)
        try:
            if row.existed:
                session = await self._restore(row, engine)
            else:
                session = await make_session(
                    self._means, row, parameters, model=model, engine=engine, on_ended=self._forget
                )
        except BaseException:
            undo = store.run(undo_opening, session_id=session_id, process_id=self.process_id)
            await asyncio.shield(undo)
            raise
        self.sessions[session_id] = session
        if row.existed:
            metrics.SESSIONS_RESUMED.add(1, "take_over")
        else:
            metrics.SESSIONS_OPENED.add(1, protocol)
        attachment = await session.attach(epoch=row.epoch, resumed=row.existed, new_part=False)
        await self._hearing.join(session_id)
        return attachment

    async def _take(self, **opening: Any) -> OpenedRow:
        """The row, once nobody else holds it: who does is asked to let go, or else its lease runs out."""
        until_s = self._clock.monotonic_s() + HOLDER_PATIENCE_S
        while True:
            try:
                return await store.run(open_session, **opening)
            except HeldElsewhere:
                if self._clock.monotonic_s() >= until_s:
                    raise
            await self._hearing.ask_to_release(opening["session_id"])
            await asyncio.sleep(RELEASE_LOOK_S)

    async def _restore(self, row: OpenedRow, engine: LiveEngine | None) -> LiveSession:
        """A session that another process has had."""
        past = await store.run(read_past, row.session_id)
        default = self._live.whisper_model
        return await make_session(
            self._means,
            row,
            past.parameters,
            model=settings.AMBIENT.model_for(past.parameters.model, default=default) or default,
            engine=engine,
            on_ended=self._forget,
            past=past,
            next_revision=await self._next_revision(row, past),
        )

    async def _next_revision(self, row: OpenedRow, past: Past) -> int:
        """Of the segment that was open: none that anybody has seen. What a process said last before it was
        killed may not be known here, so there a range is left out."""
        try:
            said = (await state_of(self._redis, row.session_id)).items.get(f"segment:{past.next_segment_id}")
        except (RedisError, OSError):
            return row.epoch * UNSURE_REVISIONS
        shown = said.body["segment"]["revision"] + 1 if said else 0
        return shown if row.was_released else shown + UNSURE_REVISIONS

    async def _release(self, session_id: str, farewell: Farewell) -> None:
        async with self._turns.of(session_id):
            if session := self.sessions.get(session_id):
                await session.release(farewell)

    def _forget(self, session: LiveSession) -> None:
        self.sessions.pop(session.session_id, None)
        self._do(self._hearing.leave(session.session_id))

    # Tasks of the process

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)

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
        """Announcements and ends, from whichever process they were asked of; and sessions that another
        process has a socket for."""
        if message["type"] == "session.end" and (session := self.sessions.get(message["session_id"])):
            session.end(END_BY_OPERATOR)
        elif message["type"] == "session.release" and message["session_id"] in self.sessions:
            self._do(self._release(message["session_id"], TAKEN_OVER))
        elif message["type"] == "announcement":
            for session in self.sessions.values():
                session.announce(message["message"])

    async def _keep_leases(self) -> None:
        while True:
            if progress := [session.progress for session in self.sessions.values()]:
                held = await store.run(renew_leases, process_id=self.process_id, progress=progress)
                for item in progress:
                    if item.session_id not in held and (session := self.sessions.get(item.session_id)):
                        session.doubt()
            await asyncio.sleep(LEASE_INTERVAL_S)


def _helpers() -> Helpers:
    ambient = settings.AMBIENT
    endpoint = LlmEndpoint(ambient.llm_base_url, ambient.llm_model, ambient.llm_api_key)
    return Helpers(
        insights=Aside("insights", most_waiting=insights.MOST_WAITING),
        voices=Aside("voices", most_waiting=voices.MOST_WAITING),
        endpoint=endpoint if ambient.llm_base_url else None,
    )


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def current() -> Hub:
    """The hub of the running loop, made when it is first asked for."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
        before_termination(_hubs[loop].leave)
    return _hubs[loop]


def install(hub: Hub) -> Hub:
    """Make a hub of one's own the running loop's."""
    _hubs[asyncio.get_running_loop()] = hub
    return hub


async def shut_down() -> None:
    """Close the running loop's hub, where there is one (an ASGI lifespan's end)."""
    if hub := _hubs.pop(asyncio.get_running_loop(), None):
        await hub.close()


def is_saturated() -> bool:
    """Whether this process should get no more sessions (any of its loops; there is one). From any thread."""
    return any(hub.load.is_saturated for hub in list(_hubs.values()))
