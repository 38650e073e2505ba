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

from channels.layers import get_channel_layer
from django.conf import settings
from django.db import DatabaseError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from conversations.access import Access
from sessions import journal as journals
from sessions import store
from sessions.attachment import Attachment
from sessions.clock import Clock
from sessions.deadlines import Deadlines
from sessions.decoding import LiveEngine, RedisDecoder
from sessions.endings import END_BY_OPERATOR
from sessions.feed import Feed
from sessions.figures import SessionFigures
from sessions.limits import WrongKeys
from sessions.live import LiveSession
from sessions.parameters import StreamParameters
from sessions.protocols.base import SessionConfig
from sessions.reach import ANNOUNCEMENTS, session_group
from sessions.records import SessionIdentity
from sessions.services.opening import (
    LEASE_S,
    AlreadyFinished,
    OpenedRow,
    open_session,
    renew_leases,
    undo_opening,
)
from sessions.transcriber import Transcriber
from sessions.voice import SpeechStream, VoiceDetector
from transcription.errors import EngineUnavailable
from transcription.streaming.config import StreamConfig

logger = logging.getLogger(__name__)

EARLY_FINAL_MS = 250
"""With an engine that decodes windows whole the final is asked for while the silence is still being waited
for, half of it in (StreamConfig.early_final_ms says when that pays)."""
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
        self._clock = clock or Clock()
        self._live = settings.AMBIENT.live
        self._redis = Redis.from_url(settings.REDIS_URL, socket_connect_timeout=REDIS_TIMEOUT_S)
        self.wrong_keys = WrongKeys(self._redis)
        self.decoder = RedisDecoder(
            self._redis, process_id=self.process_id, expires_s=self._live.chunk_timeout_s
        )
        self.feed = Feed(self._redis)
        self._detector = VoiceDetector(make_speech)
        self._layer: Any = get_channel_layer()
        self._layer_channel = ""
        self._opening: dict[str, asyncio.Lock] = {}
        self._tasks = [
            asyncio.create_task(self._forever(self.decoder.listen, "replies")),
            asyncio.create_task(self._forever(self.feed.write, "feed")),
            asyncio.create_task(self._forever(self._hear_operators, "operators")),
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
        await self._redis.aclose()

    async def _open(
        self, session_id: str, access: Access, parameters: StreamParameters, model: str, protocol: str
    ) -> Attachment:
        if settings.AMBIENT.journal != "disk":  # audio must not be written by mistake
            raise EngineUnavailable(
                "journal", f"there is none of kind {settings.AMBIENT.journal!r} yet", hint="Set it to disk."
            )
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
            session = await self._make(row, parameters, model, engine)
        except BaseException:
            await store.run(undo_opening, session_id=session_id)
            raise
        self.sessions[session_id] = session
        attachment = await session.attach(epoch=row.epoch, resumed=False)
        if self._layer_channel:
            try:
                await self._layer.group_add(session_group(session_id), self._layer_channel)
            except (RedisError, OSError):
                logger.warning("session %s cannot be reached by operators yet", session_id)
        return attachment

    async def _make(
        self, row: OpenedRow, parameters: StreamParameters, model: str, engine: LiveEngine | None
    ) -> LiveSession:
        speech = await self._detector.open_stream()
        journal = await store.run(
            journals.open_journal, row.session_id, parameters.audio_format, epoch=row.epoch
        )
        figures = SessionFigures()
        transcriber = Transcriber(
            session_id=row.session_id,
            parameters=parameters,
            model=model,
            config=self._stream_config(parameters, engine),
            detector=self._detector,
            speech=speech,
            decoder=self.decoder,
            chunk_timeout_s=self._live.chunk_timeout_s,
            figures=figures,
            clock=self._clock,
        )
        return LiveSession(
            identity=SessionIdentity(row.session_id, row.conversation_id, row.connected_at.timestamp()),
            parameters=parameters,
            config=SessionConfig(
                sample_rate_hz=parameters.sample_rate_hz,
                channels=parameters.channels,
                encoding=parameters.encoding,
                chunk_duration_s=self._live.chunk_duration_s,
                overlap_duration_s=self._live.overlap_duration_s,
                model=engine.model if engine else None,
                engine=engine.engine if engine else None,
                language=parameters.language,
                interim_results=parameters.interim_results,
                word_timestamps=parameters.word_timestamps,
                languages=engine.languages if engine else None,
            ),
            greeting=_greeting(engine),
            deadlines=Deadlines(
                self._clock.monotonic_s(), self._live.max_session_duration_s, self._live.resume_grace_s
            ),
            journal=journal,
            transcriber=transcriber,
            figures=figures,
            clock=self._clock,
            feed=self.feed,
            on_ended=self._forget,
        )

    def _stream_config(self, parameters: StreamParameters, engine: LiveEngine | None) -> StreamConfig:
        return StreamConfig(
            language=parameters.language,
            vocabulary=parameters.vocabulary,
            max_new_audio_s=self._live.chunk_duration_s,
            overlap_s=self._live.overlap_duration_s,
            early_final_ms=EARLY_FINAL_MS if engine and not engine.is_incremental else 0,
        )

    def _forget(self, session: LiveSession) -> None:
        self.sessions.pop(session.session_id, None)
        self._opening.pop(session.session_id, None)
        if self._layer_channel:
            leaving = asyncio.create_task(
                self._layer.group_discard(session_group(session.session_id), self._layer_channel)
            )
            self._tasks.append(leaving)
            leaving.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[Any]) -> None:
        self._tasks.remove(task)
        if not task.cancelled() and task.exception():
            logger.info("a group was not left: it expires")

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

    async def _hear_operators(self) -> None:
        """Announcements and ends, from whichever process they were asked of."""
        self._layer_channel = ""
        channel = await self._layer.new_channel("live")
        await self._layer.group_add(ANNOUNCEMENTS, channel)
        for session_id in list(self.sessions):
            await self._layer.group_add(session_group(session_id), channel)
        self._layer_channel = channel
        while True:
            message = await self._layer.receive(channel)
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


def _greeting(engine: LiveEngine | None) -> str:
    if engine is None:
        return "Connected. No recogniser is up yet: audio is kept, and transcribed as soon as one is."
    return f"Connected. {engine.notice or f'{engine.engine} ({engine.model}) is listening.'}"


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
