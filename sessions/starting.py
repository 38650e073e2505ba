"""A socket whose session is opened by its first message, and whose audio comes in numbered frames."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from sessions import hub as hubs
from sessions.admission import Refused
from sessions.consumers import LiveConsumer, Message
from sessions.credentials import Handshake
from sessions.limits import MAX_FRAME_BYTES
from sessions.media_order import MediaOrder
from sessions.protocols.base import Failed, Frame, InvalidMessage, Replayed
from sessions.protocols.segment_stream import SegmentStreamCodec, read_start

logger = logging.getLogger(__name__)

START_PATIENCE_S = 10.0
"""How long a socket may take to say start (contract: websocket)."""


class SegmentStreamConsumer(LiveConsumer):
    codec_class = SegmentStreamCodec
    _codec: SegmentStreamCodec
    _handshake: Handshake | None = None
    _timer: asyncio.TimerHandle | None = None

    async def dispatch(self, message: Message) -> None:
        match message["type"]:
            case "websocket.receive" if self._handshake is not None:
                data = message.get("bytes")
                await self._start(message["text"] if data is None else data)
            case "socket.waited" if self._handshake is not None:
                self._handshake = None
                await self._refuse(Refused(4400, "no_start", "No start came within 10 s."))
            case "socket.waited":
                self._look_again()
            case _:
                await super().dispatch(message)

    async def _connect(self) -> None:
        self._handshake = Handshake.from_scope(self.scope)
        subprotocol = self._handshake.echoed_subprotocol
        await self.base_send({"type": "websocket.accept", "subprotocol": subprotocol})
        self._wake_in(START_PATIENCE_S)

    async def _start(self, frame: Frame) -> None:
        handshake = self._handshake
        if handshake is None:
            return
        if len(frame) > MAX_FRAME_BYTES:
            self._handshake = None
            await self._refuse(Refused(1009, "invalid_audio", "A frame has at most 1 MiB."))
            return
        try:
            start = read_start(frame)
        except InvalidMessage as error:
            await self._send(Failed("invalid_message", f"{error}."))
            return
        if start.session_id is not None:
            self._codec.expect_replay()
        self._handshake = None
        self._stop_timer()
        headers = dict(handshake.headers)
        if start.auth is not None and handshake.key is None:
            headers["authorization"] = f"Bearer {start.auth}"
        await self._admit(
            replace(handshake, query={**handshake.query, **start.query}, headers=headers),
            session_id=start.session_id,
            must_exist=start.session_id is not None,
        )
        if (attachment := self._attachment) is not None:
            session = attachment.session
            self._codec.order = MediaOrder(
                session.transcriber.meter,
                session.parameters.sample_rate_hz,
                next_seq=session.next_media_seq,
            )
            if start.session_id is not None:
                said = await hubs.current().changed_since(session.session_id, start.last_seq)
                attachment.outbox.put(Replayed(tuple(item.body for item in said)))

    def _frame(self, frame: Frame) -> None:
        self._codec.now_s = asyncio.get_running_loop().time()
        super()._frame(frame)
        self._look_again()
        self._note_place()

    def _note_place(self) -> None:
        """What may be asked for again is known wherever the session goes on."""
        if self._codec.order and self._attachment is not None and self._attachment.is_current:
            self._attachment.session.next_media_seq = self._codec.order.next_seq

    def _look_again(self) -> None:
        """Give up the frames that were waited for long enough, and set the alarm for the next."""
        now_s = asyncio.get_running_loop().time()
        if self._attachment is not None and self._attachment.is_current:
            self._obey(self._codec.overdue(now_s))
        self._stop_timer()
        if self._codec.order and (due_s := self._codec.order.due_s) is not None:
            self._wake_in(due_s - now_s)

    def _wake_in(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, self._stalled.put_nowait, {"type": "socket.waited"})

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _gone(self) -> None:
        self._stop_timer()
        self._obey(self._codec.finish())
        self._note_place()
        await super()._gone()
