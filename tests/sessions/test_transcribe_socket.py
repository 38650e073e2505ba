"""/ws/transcribe from outside: a real server, a real socket, real rows, a stock consumer of the queue."""

from __future__ import annotations

import asyncio
import json
import resource
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from conversations.wrong_keys import MAX_WRONG_KEYS
from sessions import journal, reach, store
from sessions.models import RealTimeSession, RealTimeTranscriptChunk
from tests.sessions.conftest import LiveServer, make_key
from tests.sessions.support import ClockReader, silence, speech, words_between

FRAME_BYTES = 3200


def opened(server: LiveServer, key: str, path: str = "/ws/transcribe", **options: Any) -> connect:
    return connect(f"{server.url}{path}", additional_headers={"Authorization": f"Bearer {key}"}, **options)


async def say(socket: ClientConnection, data: bytes, frame_bytes: int = FRAME_BYTES) -> None:
    for start in range(0, len(data), frame_bytes):
        await socket.send(data[start : start + frame_bytes])


async def rest(socket: ClientConnection) -> tuple[list[dict[str, Any]], int]:
    """Everything until the close, and its code."""
    messages = []
    with suppress(ConnectionClosed):
        while True:
            messages.append(json.loads(await asyncio.wait_for(socket.recv(), 30)))
    return messages, socket.close_code or 0


async def until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 60))
        if message["type"] == kind:
            return message


def of_type(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [message for message in messages if message["type"] == kind]


async def server_with(settings: Any, request: pytest.FixtureRequest, **live: Any) -> LiveServer:
    """The server, under other `WEBSOCKET_*` settings."""
    settings.AMBIENT = replace(settings.AMBIENT, live=replace(settings.AMBIENT.live, **live))
    server: LiveServer = await asyncio.to_thread(request.getfixturevalue, "server")
    return server


def rows_of(session_id: str) -> tuple[RealTimeSession, list[RealTimeTranscriptChunk]]:
    row = RealTimeSession.objects.select_related("metrics", "conversation").get(session_id=session_id)
    return row, list(row.chunks.all())


async def test_what_is_said_comes_back_and_is_in_the_rows(
    server: LiveServer, worker: ClockReader, key: str
) -> None:
    """Speech becomes finals only, the last word included; chunks, segments, metrics and one run are rows."""
    async with opened(server, key) as socket:
        connected = json.loads(await socket.recv())
        await say(socket, silence(0.5) + speech(3) + silence(1) + speech(1.5))
        await socket.send('{"type":"end_session"}')
        messages, code = await rest(socket)
    assert connected["type"] == "connected"
    assert connected["config"]["engine"] == "clock"
    assert (connected["resumed"], connected["next_byte"]) == (False, 0)
    finals = of_type(messages, "transcript")
    assert all(message["is_final"] for message in finals)
    said = words_between(0.5, 3.5) + words_between(4.5, 6.0)
    ended = messages[-1]
    assert ended["type"] == "session_ended"
    assert ended["full_transcript"].split() == said
    assert " ".join(message["text"] for message in finals) == ended["full_transcript"]
    assert code == 1000
    assert ended["total_duration"] == 6.0
    assert all(message["confidence"] == 0.9 and message["latency_ms"] >= 0 for message in finals)

    row, chunks = await store.run(rows_of, connected["session_id"])
    assert (row.status, row.bytes_received, row.audio_duration_s) == ("completed", 192_000, 6.0)
    assert [chunk.text for chunk in chunks] == [message["text"] for message in finals]
    for chunk in chunks:
        steps = [chunk.queued_at, chunk.started_at, chunk.decoded_at, chunk.committed_at, chunk.sent_at]
        assert None not in steps
        assert steps == sorted(steps, key=lambda at: at.timestamp() if at else 0.0)
    assert row.metrics.chunks_processed == len(finals)
    assert set(row.metrics.steps) >= {"queued_started", "committed_sent"}
    live = await store.run(lambda: list(row.conversation.segments.filter(version="live")))
    assert [segment.text for segment in live] == [message["text"] for message in finals]
    assert row.conversation.duration_s == 6.0
    assert await store.run(row.conversation.runs.count) == 1
    recorded = await store.run(lambda: b"".join(journal.read_recording(row.session_id)))
    assert recorded == silence(0.5) + speech(3) + silence(1) + speech(1.5)


async def test_partials_come_where_they_are_asked_for(
    server: LiveServer, worker: ClockReader, key: str
) -> None:
    """With interim_results revisions of a segment grow by one, and its final is the last of them."""
    async with opened(server, key, "/ws/transcribe?interim_results=true") as socket:
        for _ in range(40):
            await socket.send(speech(0.1))
            await asyncio.sleep(0.02)
        await socket.send('{"type":"end_session"}')
        messages, _ = await rest(socket)
    heard = of_type(messages, "transcript")
    assert [message["revision"] for message in heard] == sorted({m["revision"] for m in heard})
    assert [message["is_final"] for message in heard] == [False] * (len(heard) - 1) + [True]
    assert len(heard) > 1


async def test_a_session_outlives_its_socket(server: LiveServer, worker: ClockReader, key: str) -> None:
    """A cut socket pauses the session; its owner goes on from next_byte: no word is lost or doubled."""
    audio = speech(4)
    async with opened(server, key, "/ws/transcribe/cut-1?acks=true") as socket:
        await say(socket, audio[:64_001], frame_bytes=6401)
        await until(socket, "ack")
        socket.transport.abort()
    async with opened(server, key, "/ws/transcribe/cut-1?acks=true") as socket:
        connected = json.loads(await socket.recv())
        assert connected["resumed"]
        assert 0 < connected["next_byte"] <= 64_001
        await say(socket, audio[connected["next_byte"] :])
        await socket.send('{"type":"end_session"}')
        messages, code = await rest(socket)
    assert code == 1000
    assert messages[-1]["full_transcript"].split() == words_between(0, 4)
    assert await store.run(lambda: b"".join(journal.read_recording("cut-1"))) == audio
    async with opened(server, key, "/ws/transcribe/cut-1") as socket:
        messages, code = await rest(socket)
    assert ([message["code"] for message in messages], code) == (["session_finished"], 4410)


async def test_lost_answers_and_lost_audio_cost_no_word(
    settings: Any, transactional_db: None, request: pytest.FixtureRequest, worker: ClockReader
) -> None:
    """A decode without an answer, one that failed and one whose audio was gone are asked for again."""
    server = await server_with(settings, request, chunk_timeout_s=0.3)
    worker.faults = ["silence", "missing_audio", "engine_failed"]
    async with opened(server, await store.run(make_key)) as socket:
        await say(socket, speech(2))
        await socket.send('{"type":"end_session"}')
        messages, code = await rest(socket)
    assert (messages[-1]["full_transcript"].split(), code) == (words_between(0, 2), 1000)


async def test_the_newest_socket_wins(server: LiveServer, worker: ClockReader, key: str) -> None:
    """A second socket of the owner takes the session over; the first is closed with 4409."""
    async with opened(server, key, "/ws/transcribe/two") as first:
        await until(first, "connected")
        async with opened(server, key, "/ws/transcribe/two") as second:
            assert (await until(second, "connected"))["resumed"]
            messages, code = await rest(first)
            assert (messages[-1]["code"], code) == ("replaced", 4409)
            await second.send('{"type":"ping"}')
            await until(second, "pong")


async def test_small_talk(server: LiveServer, worker: ClockReader, key: str) -> None:
    """Bad text frames get an error and the session goes on; info, config and ping are answered."""
    async with opened(server, key) as socket:
        await until(socket, "connected")
        for frame in (
            "no json",
            "[]",
            '{"type":"sing"}',
            '{"type":"config","interim_results":1}',
            "[" * 10_000,
        ):
            await socket.send(frame)
            assert (await until(socket, "error"))["code"] == "invalid_message"
        await socket.send(b"")
        await socket.send('{"type":"config","language":"de"}')
        assert (await until(socket, "config_updated"))["config"]["language"] == "de"
        await socket.send('{"type":"session_info"}')
        info = await until(socket, "session_info")
        assert info["total_chunks"] == 0
        assert info["metrics"]["avg_processing_time_ms"] is None


@pytest.mark.parametrize(
    ("path", "wrong_key", "error", "code"),
    [
        ("/ws/transcribe", True, "unauthorized", 4401),
        ("/ws/transcribe/a.b", False, "invalid_session_id", 1008),
        (f"/ws/transcribe/{'a' * 65}", False, "invalid_session_id", 1008),
        ("/ws/transcribe?encoding=mp3", False, "invalid_parameters", 4400),
        ("/ws/transcribe?sample_rate=7999", False, "invalid_parameters", 4400),
        ("/ws/transcribe?model=huge", False, "invalid_parameters", 4400),
        ("/ws/transcribe?vocabulary=%5B1%5D", False, "invalid_parameters", 4400),
        ("/ws/transcribe?acks=maybe", False, "invalid_parameters", 4400),
        ("/ws/transcribe?language=klingon!", False, "invalid_parameters", 4400),
    ],
)
async def test_who_is_refused_hears_why(
    server: LiveServer, key: str, *, path: str, wrong_key: bool, error: str, code: int
) -> None:
    """Each refusal of the contract's table is an error with its reason, then its close code."""
    async with opened(server, "wrong" if wrong_key else key, path) as socket:
        messages, closed = await rest(socket)
    assert ([message["code"] for message in messages], closed) == ([error], code)


async def test_scopes_and_owners(server: LiveServer, key: str) -> None:
    """A key without `live` and a session of somebody else are both 4403."""
    reader = await store.run(make_key, "reader", ("read",))
    stranger = await store.run(make_key, "stranger")
    async with opened(server, reader) as socket:
        assert (await rest(socket))[1] == 4403
    async with opened(server, key, "/ws/transcribe/mine") as owner:
        await until(owner, "connected")
        async with opened(server, stranger, "/ws/transcribe/mine") as socket:
            assert (await rest(socket))[1] == 4403


async def test_a_full_key_gets_no_more(server: LiveServer, transactional_db: None) -> None:
    """Over its own quota a key gets no_capacity; a paused session keeps its place."""
    key = await store.run(make_key, "small", max_sessions=1)
    async with opened(server, key) as socket:
        await until(socket, "connected")
    async with opened(server, key) as socket:
        messages, code = await rest(socket)
    assert (messages[0]["code"], code) == ("no_capacity", 1013)


async def test_a_frame_over_the_limit(server: LiveServer, key: str) -> None:
    """A frame over 1 MiB closes the socket with 1009 and a reason; the session waits for its owner."""
    async with opened(server, key, "/ws/transcribe/big") as socket:
        await until(socket, "connected")
        await socket.send(bytes(1024 * 1024 + 1))
        messages, code = await rest(socket)
    assert (messages[-1]["code"], code) == ("invalid_audio", 1009)


async def test_a_flood(server: LiveServer, worker: ClockReader, key: str) -> None:
    """Audio a minute ahead of the clock ends the session with 4429; what was accepted is transcribed."""
    async with opened(server, key, "/ws/transcribe/flood") as socket:
        await until(socket, "connected")
        await say(socket, speech(2) + silence(63), frame_bytes=320_000)
        messages, code = await rest(socket)
    assert (messages[-1]["code"], code) == ("rate_limit", 4429)
    await ended(server, "flood")
    row, chunks = await store.run(rows_of, "flood")
    assert (row.status, row.end_reason, row.metrics.floods) == ("terminated", "rate_limit", 1)
    assert " ".join(chunk.text for chunk in chunks).split() == words_between(0, 2)


async def ended(server: LiveServer, session_id: str) -> None:
    """Until the session is over and its rows say so."""

    async def wait() -> None:
        if session := server.hub.sessions.get(session_id):
            await session.ended()

    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(wait(), server.loop))


async def test_a_browser_shows_its_key_as_a_subprotocol(server: LiveServer, key: str) -> None:
    """The key rides in a subprotocol that is never echoed; `ambient` is."""
    async with connect(
        f"{server.url}/ws/transcribe", subprotocols=[Subprotocol("ambient"), Subprotocol(f"ambient.{key}")]
    ) as socket:
        assert socket.subprotocol == "ambient"
        await until(socket, "connected")


async def test_an_operator_ends_and_announces(server: LiveServer, worker: ClockReader, key: str) -> None:
    """From another process's side: an announcement arrives, an end closes the session in order."""
    async with opened(server, key, "/ws/transcribe/steered") as socket:
        await until(socket, "connected")
        await store.run(reach.announce, "Tea is ready")
        assert (await until(socket, "announcement"))["message"] == "Tea is ready"
        await say(socket, speech(1))
        await store.run(reach.ask_to_end, "steered")
        messages, code = await rest(socket)
    assert (messages[-1]["reason"], code) == ("ended_by_operator", 1000)


async def test_wrong_keys_shut_the_door_for_a_minute(server: LiveServer, key: str) -> None:
    """After more than ten wrong keys in a minute an address is refused, with a right key too."""
    for _ in range(MAX_WRONG_KEYS + 1):
        async with opened(server, "wrong") as socket:
            assert (await rest(socket))[0][0]["code"] == "unauthorized"
    async with opened(server, key) as socket:
        messages, code = await rest(socket)
    assert (messages[0]["code"], code) == ("rate_limit", 4401)


async def test_a_full_disk(server: LiveServer, worker: ClockReader, key: str) -> None:
    """Without room there is an error and no ack; with room again the owner goes on where the disk ended."""
    audio = speech(3)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with opened(server, key, "/ws/transcribe/full") as socket:
        await until(socket, "connected")
        await say(socket, audio[:32_000])
        await socket.send('{"type":"ping"}')
        await until(socket, "pong")
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, limits[1]))
        try:
            await say(socket, audio[32_000:64_000])
            messages, code = await rest(socket)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (messages[-1]["code"], code) == ("insufficient_storage", 1013)
    async with opened(server, key, "/ws/transcribe/full") as socket:
        next_byte = (await until(socket, "connected"))["next_byte"]
        await say(socket, audio[next_byte:])
        await socket.send('{"type":"end_session"}')
        messages, _ = await rest(socket)
    assert messages[-1]["full_transcript"].split() == words_between(0, 3)


async def test_a_session_has_a_longest_duration(
    settings: Any, request: pytest.FixtureRequest, worker: ClockReader, key: str
) -> None:
    """Past it the session ends as in order: last words, session_ended, 1000."""
    server = await server_with(settings, request, max_session_duration_s=1)
    async with opened(server, key) as socket:
        await say(socket, speech(1))
        messages, code = await rest(socket)
    assert (messages[-1]["reason"], code) == ("max_duration", 1000)
    assert messages[-1]["full_transcript"].split() == words_between(0, 1)


async def test_a_client_that_stays_away(
    settings: Any, request: pytest.FixtureRequest, worker: ClockReader, key: str
) -> None:
    """After the grace the session is finished as interrupted, with everything that was said."""
    server = await server_with(settings, request, resume_grace_s=0)
    async with opened(server, key, "/ws/transcribe/away") as socket:
        await until(socket, "connected")
        await say(socket, speech(2))
        await socket.send('{"type":"ping"}')
        await until(socket, "pong")
        socket.transport.abort()
    await ended(server, "away")
    row, chunks = await store.run(rows_of, "away")
    assert (row.status, row.end_reason) == ("interrupted", "client_vanished")
    assert " ".join(chunk.text for chunk in chunks).split() == words_between(0, 2)


async def test_enhancement_is_a_run_that_is_named(server: LiveServer, worker: ClockReader, key: str) -> None:
    """With enhance_on_end session_ended names the run that transcribes the recording again."""
    async with opened(server, key, "/ws/transcribe?enhance_on_end=true") as socket:
        connected = await until(socket, "connected")
        await say(socket, speech(1))
        await socket.send('{"type":"end_session"}')
        messages, _ = await rest(socket)
    row, _ = await store.run(rows_of, connected["session_id"])
    run = await store.run(row.conversation.runs.get)
    assert messages[-1]["enhancement_job_id"] == str(run.pk)
    assert run.parameters == {"enhance_on_end": True}


async def test_no_room_on_the_installation(settings: Any, request: pytest.FixtureRequest, key: str) -> None:
    """Over WEBSOCKET_MAX_CONNECTIONS a socket gets no_capacity; the session that is there goes on."""
    server = await server_with(settings, request, max_connections=1)
    async with opened(server, key, "/ws/transcribe/one") as first:
        await until(first, "connected")
        async with opened(server, key) as second:
            messages, code = await rest(second)
        assert (messages[0]["code"], code) == ("no_capacity", 1013)
        await first.send('{"type":"ping"}')
        await until(first, "pong")
