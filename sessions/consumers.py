"""A socket: authenticates, passes frames on, closes. What a frame means is the codec's and the session's.

`receive` must never wait: while one frame is dealt with, the server's queue of the next ones grows (see the
architecture's measured facts). So frames take the direct way to a function that cannot wait, and everything
that is sent goes through the session's outbox and a task of this socket's own.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from channels.utils import await_many_dispatch
from django.conf import settings

from conversations.cancelling import cancel_all
from conversations.metrics import catalogue as metrics
from sessions import hub as hubs
from sessions.admission import Refused, admit
from sessions.attachment import Attachment
from sessions.credentials import Handshake
from sessions.limits import MAX_FRAME_BYTES, LagRule
from sessions.outbox import Close
from sessions.parameters import StreamParameters
from sessions.protocols.base import (
    AskInfo,
    Audio,
    Clear,
    Codec,
    Command,
    Complain,
    Configure,
    End,
    Failed,
    Flush,
    Frame,
    InvalidMessage,
    Notice,
    Ping,
    Pong,
    Silence,
)

logger = logging.getLogger(__name__)

Message = dict[str, Any]


class LiveConsumer(AsyncConsumer):  # type: ignore[misc]  # channels has no types
    """One socket of any protocol. `codec_class` says which."""

    codec_class: Callable[[], Codec]

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[..., Any]
    ) -> None:
        """As the parent's, but without a channel of its own on the layer: the hub hears for all sockets."""
        self.scope = scope
        self.base_send = send
        self._codec = type(self).codec_class()
        self._attachment: Attachment | None = None
        self._sending: asyncio.Task[None] | None = None
        self._stalled: asyncio.Queue[Message] = asyncio.Queue()
        try:
            await await_many_dispatch([receive, self._stalled.get], self.dispatch)
        except StopConsumer:
            pass
        finally:
            await self._gone()

    async def dispatch(self, message: Message) -> None:
        """Frames first and without a thread hop: the parent closes old database connections on each, in a
        thread that all sockets share. What uses the database here closes its own (`store`)."""
        match message["type"]:
            case "websocket.receive":
                data = message.get("bytes")
                self._frame(message["text"] if data is None else data)
            case "websocket.connect":
                await self._connect()
            case _:  # the socket is gone, or its reader has stalled
                raise StopConsumer

    async def _connect(self) -> None:
        handshake = Handshake.from_scope(self.scope)
        await self.base_send({"type": "websocket.accept", "subprotocol": handshake.echoed_subprotocol})
        if parameter := self._codec.resume_parameter:
            session_id = handshake.query.get(parameter)
        else:
            session_id = self.scope.get("url_route", {}).get("kwargs", {}).get("session_id")
        await self._admit(handshake, session_id=session_id)

    async def _admit(self, handshake: Handshake, *, session_id: str | None, must_exist: bool = False) -> None:
        """Open the session, or say why not and close."""
        try:
            self._attachment = await admit(
                hubs.current(),
                handshake,
                session_id=session_id,
                must_exist=must_exist,
                protocol=self._codec.name,
                defaults=self._defaults(),
            )
        except Refused as refused:
            await self._refuse(refused)
        except Exception:
            logger.exception("a socket could not be opened")
            await self._refuse(Refused(1011, "internal_error", "Something broke on our side."))
        else:
            if (hard_lag_s := self._codec.hard_lag_s) is not None:
                self._attachment.lag = LagRule(hard_lag_s)
            self._sending = asyncio.create_task(self._send_all(self._attachment))

    def _defaults(self) -> StreamParameters:
        live = settings.AMBIENT.live
        return replace(
            self._codec.defaults,
            sample_rate_hz=live.sample_rate_hz,
            channels=live.channels,
            store_audio=settings.AMBIENT.store_audio,
        )

    # In

    def _frame(self, frame: Frame) -> None:
        attachment = self._attachment
        if attachment is None or not attachment.is_current:
            return
        if len(frame) > MAX_FRAME_BYTES or (
            isinstance(frame, str) and len(frame) * 4 > MAX_FRAME_BYTES < len(frame.encode())
        ):
            attachment.outbox.put(Failed("invalid_audio", "A frame has at most 1 MiB."))
            attachment.outbox.close(1009, "invalid_audio")
            return
        if attachment.outbox.closed:
            return
        try:
            commands = self._codec.decode(frame)
        except InvalidMessage as error:
            attachment.outbox.put(Failed("invalid_message", f"{error}."))
            return
        self._obey(commands)

    def _obey(self, commands: Sequence[Command]) -> None:
        if (attachment := self._attachment) is not None:
            for command in commands:
                _obey(command, attachment)

    # Out

    async def _send_all(self, attachment: Attachment) -> None:
        """Until the box is closed, or nobody takes what is in it."""
        patience_s = 2 * settings.AMBIENT.live.heartbeat_interval_s
        try:
            while (taken := await attachment.outbox.get()) is not None:
                item, seq = taken
                async with asyncio.timeout(patience_s):
                    if isinstance(item, Close):
                        await self._close(item.code, item.reason)
                        return
                    sent_at = await self._send(item, seq)
                attachment.sent(item, sent_at)
            logger.info("session %s: its reader is too slow", attachment.session.session_id)
            async with asyncio.timeout(patience_s):
                await self._close(1013, "slow_reader")
        except (OSError, RuntimeError, TimeoutError):
            pass  # the socket is gone, or as good as gone
        except Exception:
            logger.exception("session %s: a notice could not be sent", attachment.session.session_id)
        self._stalled.put_nowait({"type": "socket.stalled"})

    async def _send(self, notice: Notice, seq: int = 0) -> float:
        """Unix seconds at which the frames of the notice were sent. `seq`: where no session is, 0."""
        sent_at = time.time()
        for frame in self._codec.encode(notice, sent_at=sent_at, seq=seq):
            kind = "text" if isinstance(frame, str) else "bytes"
            await self.base_send({"type": "websocket.send", kind: frame})
        return sent_at

    async def _refuse(self, refused: Refused) -> None:
        metrics.SOCKETS_REFUSED.add(1, refused.error)
        try:
            await self._send(Failed(refused.error, refused.message))
            await self._close(refused.close_code, refused.error)
        except (OSError, RuntimeError):
            raise StopConsumer from None

    async def _close(self, code: int, reason: str) -> None:
        await self.base_send({"type": "websocket.close", "code": code, "reason": reason})

    async def _gone(self) -> None:
        if self._sending is not None:
            await cancel_all([self._sending])
        if self._attachment is not None:
            await self._attachment.detach()


def _obey(command: Command, attachment: Attachment) -> None:
    match command:
        case Audio():
            attachment.feed(command.data)
        case Ping():
            attachment.outbox.put(Pong(time.time()))
        case AskInfo():
            attachment.session.speaker.say_info()
        case Silence():
            attachment.feed_silence(command.length)
        case Complain():
            attachment.outbox.put(Failed(command.code, command.message, is_fatal=False))
        case Configure():
            attachment.session.speaker.configure(dict(command.changes))
        case Flush():
            attachment.flush()
        case Clear():
            attachment.clear()
        case End():
            attachment.end()
