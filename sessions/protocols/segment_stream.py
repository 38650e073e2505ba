"""`/ws/stream`, stream_version 1 (contract: websocket segment stream)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sessions.media_order import Gap, MediaOrder, Misplaced, Piece
from sessions.parameters import StreamParameters
from sessions.protocols.base import (
    Audio,
    Command,
    Complain,
    End,
    Frame,
    InvalidMessage,
    Notice,
    Opened,
    Replayed,
    Silence,
)
from sessions.protocols.messages import read_message, write_message
from sessions.protocols.stream_bodies import Body, bodies_of
from transcription.errors import AudioUndecodable

HEADER_BYTES = 12
"""Of a binary frame: 4 bytes seq, 8 bytes index of its first sample, both unsigned and big-endian."""
MAX_SEQ, MAX_OFFSET = 2**32 - 1, 2**64 - 1


@dataclass(frozen=True, slots=True)
class Start:
    """`query`: what it asks for, as query parameters. `auth`: an API key, where one came. `session_id`: to go
    on with, by one who has had everything up to `last_seq` (-1: nothing)."""

    query: Mapping[str, str]
    auth: str | None
    session_id: str | None = None
    last_seq: int = -1


def read_start(frame: Frame) -> Start:
    """The first frame of a socket. Raises InvalidMessage."""
    message = read_message(frame) if isinstance(frame, str) else {}
    kind = message.pop("type", None)
    if kind not in ("start", "resume"):
        raise InvalidMessage("start or resume comes first")
    auth = message.pop("auth", None)
    if auth is not None and not isinstance(auth, str):
        raise InvalidMessage("auth: an API key")
    if kind == "resume":
        session_id, last_seq = message.get("session_id"), message.get("last_seq")
        if not isinstance(session_id, str):
            raise InvalidMessage("session_id: of the session to go on with")
        if type(last_seq) is not int or last_seq < -1:
            raise InvalidMessage("last_seq: the seq of the last message that came, or -1")
        return Start({}, auth, session_id, last_seq)
    return Start({name: _query_value(name, value) for name, value in message.items()}, auth)


def _query_value(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, list)):
        return json.dumps(value)
    raise InvalidMessage(f"{name}: of a type that no parameter has")


class SegmentStreamCodec:
    """`order` is made when the session's audio format is known; no media is taken before."""

    name = "segment_stream"
    defaults = StreamParameters(interim_results=True)
    resume_parameter: str | None = None
    hard_lag_s: float | None = None

    def __init__(self) -> None:
        self.order: MediaOrder | None = None
        self.now_s = 0.0
        self._word_timestamps = self.defaults.word_timestamps
        self._next_seq = 0
        self._events_sent = 0
        self._told: dict[tuple[bool, int], int] | None = None

    # In

    def decode(self, frame: Frame) -> Sequence[Command]:
        if isinstance(frame, bytes):
            if len(frame) < HEADER_BYTES:
                raise InvalidMessage(f"a binary frame begins with {HEADER_BYTES} bytes of seq and offset")
            seq, offset = int.from_bytes(frame[:4], "big"), int.from_bytes(frame[4:HEADER_BYTES], "big")
            return self._media(seq, offset, frame[HEADER_BYTES:])
        message = read_message(frame)
        match message.get("type"):
            case "media":
                return self._media(*_read_media(message))
            case "stop":
                return [*self.finish(), End()]
            case "start" | "resume":
                raise InvalidMessage("the session has been started already")
        raise InvalidMessage("type is one of start, resume, media, stop")

    def overdue(self, now_s: float) -> Sequence[Command]:
        """What is to be done because a frame has not come."""
        return _commands(self.order.overdue(now_s)) if self.order else ()

    def finish(self) -> Sequence[Command]:
        """No more media comes: what waits is heard."""
        return _commands(self.order.finish()) if self.order else ()

    def _media(self, seq: int, offset: int, data: bytes) -> Sequence[Command]:
        if self.order is None:
            raise InvalidMessage("start comes first")
        try:
            return _commands(self.order.take(seq, offset, data, self.now_s))
        except AudioUndecodable as error:  # its place in the order is filled, its time is a gap
            left_out = self.order.take(seq, offset, b"", self.now_s)
            return [Complain("invalid_audio", f"{error}."), *_commands(left_out)]

    # Out

    def expect_replay(self) -> None:
        """Remember what goes out, until what had changed before has."""
        self._told = {}

    def encode(self, notice: Notice, *, sent_at: float, seq: int | None = None) -> Sequence[Frame]:
        if isinstance(notice, Opened):
            self._word_timestamps = notice.config.word_timestamps
        frames = []
        self._next_seq = self._next_seq if seq is None else seq
        for body in bodies_of(notice, words=self._word_timestamps):
            if self._is_new(body, is_replayed=isinstance(notice, Replayed)):
                self._events_sent += 1
                if body["type"] == "done":
                    body["events_sent"] = self._events_sent
                frames.append(write_message({**body, "type": body["type"], "seq": self._next_seq}))
            self._next_seq += 1
        if isinstance(notice, Replayed):
            self._told = None
        return frames

    def _is_new(self, body: Body, *, is_replayed: bool) -> bool:
        """False for what is told again though something newer of the same item has gone out meanwhile."""
        subject = body.get("segment") or body.get("turn")
        if subject is None or self._told is None:
            return True
        item = (body["type"] == "turn_updated", subject["id"])
        if is_replayed:
            return bool(subject["revision"] > self._told.get(item, -1))
        self._told[item] = subject["revision"]
        return True


def _read_media(message: Body) -> tuple[int, int, bytes]:
    seq, offset, data = message.get("seq"), message.get("offset"), message.get("data")
    if type(seq) is not int or not 0 <= seq <= MAX_SEQ:
        raise InvalidMessage(f"seq: a whole number from 0 to {MAX_SEQ}")
    if type(offset) is not int or not 0 <= offset <= MAX_OFFSET:
        raise InvalidMessage(f"offset: a whole number from 0 to {MAX_OFFSET}")
    if not isinstance(data, str):
        raise InvalidMessage("data: audio in base64")
    try:
        return seq, offset, base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidMessage("data: audio in base64") from None


def _commands(pieces: Sequence[Piece]) -> list[Command]:
    commands: list[Command] = []
    for piece in pieces:
        if isinstance(piece, Gap):
            commands += [Complain("media_gap", piece.message), Silence(piece.length)]
        elif isinstance(piece, Misplaced):
            commands.append(Complain("invalid_message", piece.message))
        else:
            commands.append(Audio(piece))
    return commands
