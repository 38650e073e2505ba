"""/ws/sessions/{session_id}/watch from outside: somebody else's ears on a live session, on another server."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from redis import Redis
from websockets.asyncio.client import ClientConnection, connect

from sessions import feed as feeds
from sessions import hub as hubs
from sessions import store, watching
from sessions.models import RealTimeSession
from sessions.services.finishing import finish_abandoned
from tests.sessions.conftest import LiveServer, make_key
from tests.sessions.support import ClockReader, silence, speech, words_between
from tests.sessions.test_transcribe_socket import of_type, opened, rest, rows_of, say, until

State = dict[int, dict[str, Any]]


def watch(server: LiveServer, key: str, session_id: str) -> connect:
    return opened(server, key, f"/ws/sessions/{session_id}/watch")


async def watched(
    stack: AsyncExitStack, server: LiveServer, key: str, session_id: str
) -> tuple[ClientConnection, ClientConnection]:
    """A session of that id, and a watcher of it."""
    socket = await stack.enter_async_context(opened(server, key, f"/ws/transcribe/{session_id}"))
    await until(socket, "connected")
    watcher = await stack.enter_async_context(watch(server, key, session_id))
    await until(watcher, "ready")
    return socket, watcher


def applied(messages: list[dict[str, Any]], state: State | None = None) -> State:
    """Segments as the contract has them rebuilt: the highest revision of each, a final for good."""
    state = dict(state or {})
    for segment in [message["segment"] for message in messages if "segment" in message]:
        known = state.get(segment["id"])
        if known is None or (known["partial"] and segment["revision"] >= known["revision"]):
            state[segment["id"]] = segment
        elif not known["partial"] and not segment["partial"]:
            assert segment == known
    return state


async def test_who_comes_late_misses_nothing(
    server: LiveServer, other_server: LiveServer, worker: ClockReader, key: str
) -> None:
    """A watcher on another server, there from the middle on, has at the end what the rows have."""
    async with opened(server, key, "/ws/transcribe/late?interim_results=true") as socket:
        await until(socket, "connected")
        await say(socket, speech(2) + silence(1))
        while not (await until(socket, "transcript"))["is_final"]:
            pass
        await say(socket, speech(1))
        async with watch(other_server, key, "late") as watcher:
            ready = json.loads(await watcher.recv())
            await say(socket, speech(1) + silence(1))
            await socket.send('{"type":"end_session"}')
            await rest(socket)
            messages, code = await rest(watcher)
    assert (ready["type"], ready["session_id"], ready["stream_version"]) == ("ready", "late", 1)
    assert (messages[-1]["type"], messages[-1]["segments"], code) == ("done", 2, 1000)
    seqs = [message["seq"] for message in [ready, *messages]]
    assert seqs == sorted(seqs)
    state = applied(messages)
    assert [w for s in state.values() for w in s["text"].split()] == words_between(0, 2) + words_between(3, 5)
    _, chunks = await store.run(rows_of, "late")
    assert [(c.segment_id, c.text, c.revision) for c in chunks] == [
        (s["id"], s["text"], s["revision"]) for s in state.values()
    ]
    assert not any(segment["partial"] for segment in state.values())


async def test_who_watches_cannot_touch(server: LiveServer, worker: ClockReader, key: str) -> None:
    """Whatever a watcher sends is answered with an error and changes nothing: no end, no audio."""
    async with AsyncExitStack() as stack:
        socket, watcher = await watched(stack, server, key, "untouched")
        for frame in ('{"type":"end_session"}', speech(1), '{"type":"stop"}', "", b""):
            await watcher.send(frame)
            error = await until(watcher, "error")
            assert (error["code"], error["fatal"]) == ("invalid_message", False)
        await socket.send('{"type":"session_info"}')
        assert (await until(socket, "session_info"))["metrics"]["chunks_processed"] == 0
        row, _ = await store.run(rows_of_running, "untouched")
        assert (row.status, row.bytes_received) == ("active", 0)


def rows_of_running(session_id: str) -> tuple[RealTimeSession, int]:
    row = RealTimeSession.objects.get(session_id=session_id)
    return row, row.chunks.count()


async def test_who_may_watch(server: LiveServer, worker: ClockReader, key: str) -> None:
    """The owner with scope read, and staff; for anybody else it is as if it were not there."""
    reader = await store.run(make_key, "speaker", ("read",))
    speaker = await store.run(make_key, "speaker", ("live",))
    stranger = await store.run(make_key, "stranger", ("read", "live", "write"))
    staff = await store.run(make_key, "chief", ("read",))
    await store.run(get_user_model().objects.filter(username="chief").update, is_staff=True)
    async with opened(server, key, "/ws/transcribe/mine") as socket:
        await until(socket, "connected")
        for allowed in (reader, key, staff):
            async with watch(server, allowed, "mine") as watcher:
                await until(watcher, "ready")
        refusals = {}
        for name, who, session_id in (
            ("stranger", stranger, "mine"),
            ("unknown", stranger, "none"),
            ("scope", speaker, "mine"),
            ("bad id", reader, "a%20b"),
            ("wrong key", "no.such-key", "mine"),
        ):
            async with watch(server, who, session_id) as watcher:
                refusals[name] = await rest(watcher)
    assert {name: code for name, (_, code) in refusals.items()} == {
        "stranger": 4403,
        "unknown": 4403,
        "scope": 4403,
        "bad id": 1008,
        "wrong key": 4401,
    }
    assert refusals["stranger"] == refusals["unknown"]
    assert all(messages[-1]["fatal"] for messages, _ in refusals.values())


async def test_a_finished_session_is_not_watched(server: LiveServer, worker: ClockReader, key: str) -> None:
    """session_finished and 4410."""
    async with opened(server, key, "/ws/transcribe/over") as socket:
        await until(socket, "connected")
        await socket.send('{"type":"end_session"}')
        await rest(socket)
    async with watch(server, key, "over") as watcher:
        messages, code = await rest(watcher)
    assert ([message["code"] for message in messages], code) == (["session_finished"], 4410)


async def test_redis_loses_its_memory(
    server: LiveServer, worker: ClockReader, key: str, settings: Any
) -> None:
    """A watcher who was there goes on, and one who comes then gets the finals from the rows."""
    async with AsyncExitStack() as stack:
        socket, watcher = await watched(stack, server, key, "forgot")
        await say(socket, speech(2) + silence(1))
        heard = [await until(watcher, "segment_finalized")]
        with Redis.from_url(settings.REDIS_URL) as redis:
            redis.delete(feeds.stream_key("forgot"), feeds.state_key("forgot"))
        async with watch(server, key, "forgot") as late:
            ready, first = json.loads(await late.recv()), json.loads(await late.recv())
            await say(socket, speech(1) + silence(1))
            await socket.send('{"type":"end_session"}')
            after_late, _ = await rest(late)
            heard += (await rest(watcher))[0]
    assert (ready["type"], ready["seq"]) == ("ready", 0)
    assert applied([first])[0]["text"] == " ".join(words_between(0, 2))
    assert applied([first, *after_late]) == applied(heard)
    assert [s["text"] for s in applied(heard).values()] == [
        " ".join(words_between(0, 2)),
        " ".join(words_between(3, 4)),
    ]


async def test_a_session_that_the_janitor_ended(
    server: LiveServer, worker: ClockReader, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever held it said nothing any more: the watcher hears of the end from the rows."""
    monkeypatch.setattr(watching, "LOOK_S", 0.0)
    async with opened(server, key, "/ws/transcribe/orphan") as socket:
        await until(socket, "connected")
        async with watch(server, key, "orphan") as watcher:
            await until(watcher, "ready")
            await store.run(orphan, "orphan")
            messages, code = await rest(watcher)
    assert ([message["type"] for message in messages], code) == (["error", "done"], 1000)
    assert (messages[0]["code"], messages[1]["speech_duration"]) == ("server_gone", None)


def orphan(session_id: str) -> None:
    """As if its process had died long ago."""
    lapsed = timezone.now() - timedelta(minutes=5)
    RealTimeSession.objects.filter(session_id=session_id).update(lease_until=lapsed)
    assert session_id in finish_abandoned(grace_s=60)


async def test_a_slow_watcher_holds_nothing_up(server: LiveServer, worker: ClockReader, key: str) -> None:
    """Behind by more than is kept, it gets every final once, and of partials the latest."""
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    reads = asyncio.Event()

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "websocket.send":
            sent.put_nowait(json.loads(message["text"]))
            await reads.wait()

    async with opened(server, key, "/ws/transcribe/slow") as socket:
        await until(socket, "connected")
        scope = {
            "type": "websocket",
            "path": "/ws/sessions/slow/watch",
            "headers": [(b"authorization", f"Bearer {key}".encode())],
            "url_route": {"kwargs": {"session_id": "slow"}},
        }
        frames.put_nowait({"type": "websocket.connect"})
        watching_it = asyncio.create_task(watching.watch(scope, frames.get, send))
        assert (await sent.get())["type"] == "ready"
        count = 3 * feeds.STREAM_LENGTH
        for number in range(count):
            segment = {"id": number, "partial": False, "revision": 1}
            await on(server, publish, server.hub.feed, 10 + 2 * number, "segment_finalized", segment)
            segment = {"id": count, "partial": True, "revision": number}
            await on(server, publish, server.hub.feed, 11 + 2 * number, "partial_segment", segment)
        reads.set()
        heard: list[dict[str, Any]] = []
        while not heard or heard[-1]["segment"]["revision"] != count - 1:
            heard.append(await asyncio.wait_for(sent.get(), 30))
        frames.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await watching_it
        await hubs.shut_down()
    finals = [message["segment"]["id"] for message in of_type(heard, "segment_finalized")]
    assert finals == list(range(count))
    assert len(of_type(heard, "partial_segment")) < count / 2
    assert [message["seq"] for message in heard] == sorted(message["seq"] for message in heard)


async def publish(feed: feeds.Feed, seq: int, kind: str, segment: dict[str, Any]) -> None:
    feed.publish("slow", seq, [{"type": kind, "segment": segment}])
    await feed.flush()


async def on(server: LiveServer, function: Any, *args: Any) -> None:
    """Run on the server's own loop."""
    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(function(*args), server.loop))
