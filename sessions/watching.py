"""`/ws/sessions/{session_id}/watch`: a live session as its segment stream, for somebody who cannot touch it.

First the latest of everything, then every event; from any process, since both come from Redis. A watcher that
reads slowly holds nothing up: what it has not read waits in Redis, and when it is too far behind it gets the
latest of everything again. Frames of its own are answered with an error.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from redis.exceptions import RedisError

from conversations.cancelling import cancel_all
from conversations.models import ApiKey
from sessions import hub as hubs
from sessions import store
from sessions.admission import Refused, check_access
from sessions.credentials import Handshake
from sessions.feed import GATHER_S
from sessions.following import READY, Said, State, Torn, ending_of, follow, ready_of, state_of
from sessions.hub import Hub
from sessions.journal import SESSION_ID
from sessions.limits import MAX_FRAME_BYTES
from sessions.models import RealTimeSession
from sessions.protocols.messages import write_message
from sessions.protocols.stream_bodies import Body, error_body, item_of
from sessions.selectors import visible_sessions

logger = logging.getLogger(__name__)

Message = dict[str, Any]
LOOK_S = 10.0
"""How often a quiet session's row is looked at: who held it may have died without a word, and the janitor
have ended it."""
RETRY_S = 1.0


async def watch(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """The ASGI application of the path."""
    await receive()  # websocket.connect
    watcher = Watcher(scope, send)
    try:
        await watcher.run(receive)
    except Refused as refused:
        await watcher.close(refused.close_code, error_body(refused.error, refused.message))
    except TimeoutError:
        logger.info("session %s: a watcher is too slow", watcher.session_id)
        await watcher.close(1013)
    except OSError:
        pass  # its socket is gone
    except Exception:
        logger.exception("a watcher's socket broke")
        await watcher.close(1011, error_body("internal_error", "Something broke on our side."))


class Watcher:
    """One socket. `seq` never falls; a final that Redis has lost comes with that of the message before it."""

    def __init__(self, scope: Message, send: Callable[[Message], Awaitable[None]]) -> None:
        self.session_id = str(scope["url_route"]["kwargs"]["session_id"])
        self._handshake = Handshake.from_scope(scope)
        self._send = send
        self._patience_s = 2 * settings.AMBIENT.live.heartbeat_interval_s
        self._seq = -1
        self._is_ready = False
        self._finals: set[str] = set()

    async def run(self, receive: Callable[[], Awaitable[Message]]) -> None:
        """Until the session or the socket ends. Raises Refused; TimeoutError where nobody reads; OSError."""
        subprotocol = self._handshake.echoed_subprotocol
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol})
        hub = hubs.current()
        access = await check_access(hub, self._handshake, scope=ApiKey.Scope.READ)
        if not SESSION_ID.fullmatch(self.session_id):
            raise Refused(1008, "invalid_session_id", "A session id is 1 to 64 of A-Z, a-z, 0-9, _ and -.")
        row = await self._row(visible_sessions(access).filter(session_id=self.session_id).first)
        if row is None:
            raise Refused(4403, "forbidden", "There is no such session of yours.")
        if row.status not in RealTimeSession.RUNNING:
            raise Refused(4410, "session_finished", "This session has ended.")
        if hub.watchers >= settings.AMBIENT.live.max_connections:
            raise Refused(1013, "no_capacity", "No room: this server has as many watchers as it takes.")
        hub.watchers += 1
        try:
            await _first(self._listen(receive), self._tell(hub, row))
        finally:
            hub.watchers -= 1

    async def close(self, code: int, last: Body | None = None) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                if last is not None:
                    await self._say(last)
                await self._send({"type": "websocket.close", "code": code})
        except (OSError, RuntimeError, TimeoutError):
            pass  # the socket is gone, or as good as gone

    async def _row(self, look: Callable[[], RealTimeSession | None]) -> RealTimeSession | None:
        try:
            return await store.run(look)
        except DatabaseError as error:
            logger.error("a session cannot be watched: %s", type(error).__name__)
            raise Refused(1013, "internal_error", "The database does not answer; try again.") from None

    async def _listen(self, receive: Callable[[], Awaitable[Message]]) -> None:
        while (message := await receive())["type"] != "websocket.disconnect":
            if len(message.get("bytes") or message.get("text") or "") > MAX_FRAME_BYTES:
                raise Refused(1009, "invalid_audio", "A frame has at most 1 MiB.")
            await self._say(error_body("invalid_message", "Who watches has no say."))

    async def _tell(self, hub: Hub, row: RealTimeSession) -> None:
        """Everything there is, then everything that comes, until it has ended."""
        while True:
            try:
                state = await state_of(hub.follower, self.session_id)
                if (
                    not self._is_ready and READY not in state.items
                ):  # a session that has just begun, or lost it
                    await asyncio.sleep(2 * GATHER_S)
                    state = await state_of(hub.follower, self.session_id)
                    if READY not in state.items:
                        await self._say(ready_of(row))
                        self._is_ready = True
                if await self._pass_on(state.items.values()) or await self._follow(hub, state):
                    break
            except Torn:
                continue
            except RedisError as error:
                logger.warning(
                    "session %s is watched without Redis: %s", self.session_id, type(error).__name__
                )
                await asyncio.sleep(RETRY_S)
        await self.close(1000)

    async def _follow(self, hub: Hub, state: State) -> bool:
        """Whether its end was told. Raises Torn and RedisError."""
        look_s = asyncio.get_running_loop().time() + LOOK_S
        async for news in follow(hub.follower, self.session_id, state.seq):
            if await self._pass_on(news):
                return True
            if news or (now_s := asyncio.get_running_loop().time()) < look_s:
                continue
            look_s = now_s + LOOK_S
            row = await self._row(RealTimeSession.objects.filter(session_id=self.session_id).first)
            if row is None:
                raise Refused(4410, "session_finished", "The conversation was erased.")
            if row.status not in RealTimeSession.RUNNING:
                rest = await state_of(hub.follower, self.session_id)
                if not await self._pass_on(rest.items.values()):
                    for body in await store.run(ending_of, row):
                        await self._say(body)
                return True
        return False

    async def _pass_on(self, news: Iterable[Said]) -> bool:
        """Whether the end was in it."""
        for said in news:
            body = said.body
            item = item_of(body, 0)
            if item == READY and self._is_ready:
                continue
            self._is_ready = self._is_ready or item == READY
            if said.seq is None:
                if item not in self._finals:
                    await self._say(body)
            elif said.seq > self._seq:
                self._seq = said.seq
                await self._write(said.text)
            if body["type"] == "segment_finalized":
                self._finals.add(str(item))
            elif body["type"] == "done":
                return True
        return False

    async def _say(self, body: Body) -> None:
        self._seq = max(self._seq, 0)
        await self._write(write_message({"type": body["type"], "seq": self._seq, **body}))

    async def _write(self, text: str) -> None:
        async with asyncio.timeout(self._patience_s):
            await self._send({"type": "websocket.send", "text": text})


async def _first(*work: Coroutine[Any, Any, None]) -> None:
    """Returns, or raises, what the first does that ends; the others are ended then."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancel_all(tasks)
    for task in done:
        task.result()
