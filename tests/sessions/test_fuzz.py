"""Ten thousand malformed frames and handshakes over every protocol, against a real server.

What must not be: a traceback in the log, an answer of 500, a socket that hangs, memory that grows.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import string
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis import Redis
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from conversations.wrong_keys import count_key
from sessions.endings import END_BY_OPERATOR
from tests.sessions.conftest import LiveServer
from tests.sessions.support import ClockReader
from tests.sessions.test_segment_stream import media
from tests.sessions.test_transcribe_socket import opened, rest, server_with, until

SEED = 20_261_120
FRAMES, FRAMES_A_SOCKET, SOCKETS_A_PATH = 9_000, 100, 5
HANDSHAKES = 1_000
HANG_S = 20
GROWTH_BYTES = 32 * 1024 * 1024
"""Of a process that holds the server and these clients, from a tenth of the frames to the end; what Python's
allocator does not give back is in it. A leak of one frame in ten, of 4 KiB each, would be past it."""
PATHS = ("/ws/transcribe", "/v1/audio/transcriptions/stream", "/ws/stream", "/ws/sessions/watched/watch")
TYPES = (
    *("start", "stop", "media", "resume", "config", "flush", "clear", "end", "end_session"),
    *("session_info", "ping", "hello", "audio", "ready", "done"),
)
FIELDS = (
    *("type", "session_id", "last_seq", "seq", "offset", "data", "language", "interim_results", "acks"),
    *("word_timestamps", "vocabulary", "vad_threshold", "min_silence_duration_ms", "prefix_padding_ms"),
    *("sample_rate", "encoding", "channels", "auth", "model"),
)
ENDS = {"/ws/transcribe": "end_session", "/v1/audio/transcriptions/stream": "end", "/ws/stream": "stop"}


class Malformed:
    """A source of frames, queries and headers that nobody should send."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def frame(self) -> str | bytes:
        roll = self.random.random()
        if roll < 0.35:
            return self.message()
        if roll < 0.5:
            return self.text(self.random.randrange(200))
        if roll < 0.55:
            return "[" * self.random.randrange(1, 5000)
        if roll < 0.75:
            seq = self.random.choice([0, 1, 2, 70, 2**32 - 1])
            offset = self.random.choice([0, 1, 5, 100] if roll < 0.745 else [2**40, 2**64 - 1])
            return media(seq, offset, self.random.randbytes(self.random.randrange(40)))
        if roll < 0.9995:
            return self.random.randbytes(self.random.choice([0, 1, 2, 3, 11, 12, 13, 319, 3201]))
        return bytes(1024 * 1024 + 1)

    def message(self) -> str:
        body = {name: self.value() for name in self.random.sample(FIELDS, self.random.randrange(4))}
        if self.random.random() < 0.8:
            body["type"] = self.random.choice(TYPES)
        if body.get("type") in ("end", "end_session", "stop") or self.random.random() < 0.1:
            body["type"] = self.value()
        whole = json.dumps(body)
        return whole if self.random.random() < 0.8 else whole[: self.random.randrange(len(whole))]

    def value(self) -> Any:
        return self.random.choice(
            [
                None,
                True,
                -1,
                0,
                1e308,
                10**30,
                float("nan"),
                "",
                "auto",
                self.text(20),
                [],
                [[]],
                {},
                {"a": [1]},
            ]
        )

    def text(self, length: int) -> str:
        letters = string.printable + "éß日\u2028\u0000\U0001f600"
        return "".join(self.random.choices(letters, k=length))

    def query(self) -> str:
        names = [
            "token",
            "encoding",
            "sample_rate",
            "channels",
            "vocabulary",
            "model",
            "resume_session_id",
            "x",
        ]
        pairs = [f"{self.random.choice(names)}={self.escaped(8)}" for _ in range(self.random.randrange(4))]
        return "?" + "&".join(pairs) if pairs else ""

    def escaped(self, length: int) -> str:
        pool = [*string.ascii_letters, "%00", "%FF", "%E2%28", "%", "%2F", ".", "_", "%20", "[", "&", "="]
        return "".join(self.random.choices(pool, k=self.random.randrange(length * 4)))

    def request(self, key: str) -> bytes:
        """A handshake of which some things are right."""
        chosen = self.random
        path = chosen.choice(
            [*PATHS, f"/ws/transcribe/{self.escaped(10)}", f"/ws/sessions/{self.escaped(5)}/watch"]
        )
        method = chosen.choice(["GET"] * 9 + ["POST"])
        lines = [f"{method} {path}{self.query()} HTTP/1.1", "Host: localhost", "Connection: Upgrade"]
        lines.append(f"Upgrade: {chosen.choice(['websocket'] * 9 + ['h2c'])}")
        lines.append(f"Sec-WebSocket-Version: {chosen.choice(['13'] * 9 + ['7', 'x'])}")
        lines.append(f"Sec-WebSocket-Key: {chosen.choice(['dGhlIHNhbXBsZSBub25jZQ=='] * 9 + ['short'])}")
        some_key = chosen.choice([f"Bearer {key}", f"Bearer {self.escaped(9)}", "Basic eA==", "Bearer"])
        lines.append(f"Authorization: {some_key}")
        extra = (
            f"Cookie: sessionid={self.escaped(9)}; ;=",
            f"Origin: {chosen.choice(['null', 'http://', 'http://[::1', 'http://localhost', '//'])}",
            "Sec-WebSocket-Protocol: ambient, ambient.no-key",
            "X-Forwarded-For: 1.2.3.4, nonsense",
            f"Sec-WebSocket-Extensions: {self.escaped(9)}",
        )
        lines += chosen.sample(extra, chosen.randrange(len(extra)))
        return "\r\n".join([*lines, "", ""]).encode()

    def raw_frame(self) -> bytes:
        """What RFC 6455 does not allow, or only half of what it does."""
        head = bytes([self.random.randrange(256), self.random.randrange(256)])
        return head + self.random.randbytes(self.random.randrange(20))


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_ten_thousand_malformed_frames_and_handshakes(
    settings: Any,
    request: pytest.FixtureRequest,
    worker: ClockReader,
    key: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """None of them is answered with a 500, leaves a traceback, hangs a socket or is kept in memory; what is
    right is answered before, between and after them."""
    server = await server_with(settings, request, max_connections=2_000)
    request.getfixturevalue("capfd")
    malformed = Malformed(SEED)
    redis = Redis.from_url(settings.REDIS_URL)
    caplog.set_level(logging.WARNING)
    rss: list[int] = []
    sent: Counter[str] = Counter()
    async with opened(server, key, "/ws/transcribe/watched") as target:
        await until(target, "connected")
        while sent["frames"] < FRAMES:
            async with asyncio.timeout(HANG_S):
                thrown = (throw_frames(server, key, path, malformed) for path in PATHS * SOCKETS_A_PATH)
                sent["frames"] += sum(await asyncio.gather(*thrown))
            await end_all(server, but="watched")
            if not rss and sent["frames"] > FRAMES // 10:
                rss.append(resident_bytes())
        while sent["handshakes"] < HANDSHAKES:
            redis.delete(count_key("127.0.0.1"))
            async with asyncio.timeout(HANG_S):
                statuses = await asyncio.gather(*(shake_hands(server, malformed, key) for _ in range(10)))
            sent.update(f"status {status}" for status in statuses)
            sent["handshakes"] += len(statuses)
            if sent["handshakes"] % 200 == 0:
                await end_all(server, but="watched")
        await target.send('{"type":"ping"}')
        await until(target, "pong")
        await target.send('{"type":"end_session"}')
        assert (await rest(target))[1] == 1000
    rss.append(resident_bytes())
    redis.delete(count_key("127.0.0.1"))
    redis.close()
    assert not [name for name in sent if name.startswith("status 5")], sent
    assert rss[-1] - rss[0] < GROWTH_BYTES, rss
    assert not [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
    assert "Traceback" not in request.getfixturevalue("capfd").readouterr().err


async def throw_frames(server: LiveServer, key: str, path: str, malformed: Malformed) -> int:
    """Frames on one socket until it is closed or has had enough; an orderly end is answered then."""
    async with opened(server, key, path, max_size=None) as socket:
        reading: asyncio.Task[list[str]] = asyncio.create_task(read_all(socket))
        if path == "/ws/stream" and malformed.random.random() < 0.8:
            await socket.send('{"type":"start"}')
        count = 0
        try:
            while count < FRAMES_A_SOCKET:
                await socket.send(malformed.frame())
                count += 1
            if path in ENDS:
                await socket.send(json.dumps({"type": "start"}))
                await socket.send(json.dumps({"type": ENDS[path]}))
                await reading
            else:
                await socket.close()
        except ConnectionClosed:
            pass
        await reading
        assert socket.close_code is not None
        assert socket.close_code not in (1006, 1011), socket.close_code
        return count


async def read_all(socket: ClientConnection) -> list[str]:
    said = []
    try:
        while True:
            said.append(json.loads(await socket.recv())["type"])
    except ConnectionClosed:
        return said


async def shake_hands(server: LiveServer, malformed: Malformed, key: str) -> int:
    """The status of what was answered; 0 where the connection was closed without an answer."""
    request, frames = malformed.request(key), [malformed.raw_frame() for _ in range(3)]
    address = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    status = b""
    with suppress(OSError):
        writer.write(request)
        status = await reader.readline()
        writer.writelines(frames)
        writer.write_eof()
        await reader.read()
    writer.close()
    return int(status.split()[1]) if status else 0


async def end_all(server: LiveServer, *, but: str) -> None:
    """Sessions that cut sockets left behind end, as after their grace."""
    others = [session for name, session in list(server.hub.sessions.items()) if name != but]

    async def end() -> None:
        for session in others:
            session.end(END_BY_OPERATOR)
        async with asyncio.timeout(HANG_S):
            await asyncio.gather(*(session.ended() for session in others))

    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(end(), server.loop))
