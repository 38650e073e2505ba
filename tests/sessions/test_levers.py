"""What an operator can do from any web process, and what becomes of a client that says nothing any more."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from django.test import Client
from redis import Redis

from sessions import reach, store
from sessions.models import RealTimeSession
from tests.sessions.conftest import LiveServer, make_key, serving
from tests.sessions.support import ClockReader
from tests.sessions.test_transcribe_socket import of_type, opened, rest, rows_of, until
from tests.waiting import wait_for


async def test_levers_work_again_after_redis_was_lost(
    server: LiveServer, other_server: LiveServer, key: str, settings: Any
) -> None:
    """Redis drops every connection and forgets who listened: announcements and ends reach the sessions of all
    processes again."""
    async with (
        opened(server, key, "/ws/transcribe/here") as here,
        opened(other_server, key, "/ws/transcribe/there") as there,
    ):
        for socket in (here, there):
            await until(socket, "connected")
        await store.run(lose_redis, settings.REDIS_URL)
        for socket in (here, there):
            assert (await announced(socket))["message"] == "Tea"
        answers = await store.run(end_over_rest, key, ["here", "there"])
        ends = [await rest(socket) for socket in (here, there)]
    assert answers == [202, 202]
    for messages, code in ends:
        assert ([m["reason"] for m in of_type(messages, "session_ended")], code) == (
            ["ended_by_operator"],
            1000,
        )
    for session_id in ("here", "there"):
        row, _ = await store.run(rows_of, session_id)
        assert (row.status, row.end_reason) == ("terminated", "ended_by_operator")


def lose_redis(url: str) -> None:
    """As a restart without memory does it, for all that hears operators."""
    with Redis.from_url(url) as redis:
        for kind in ("normal", "pubsub"):
            redis.client_kill_filter(_type=kind, skipme=True)
        for left in redis.scan_iter("asgi*"):
            redis.delete(left)


async def announced(socket: Any) -> dict[str, Any]:
    """What comes of an announcement that is made until it is heard: who is not back yet misses one."""
    hearing = asyncio.create_task(until(socket, "announcement"))
    while not hearing.done():
        await store.run(reach.announce, "Tea")
        await asyncio.wait([hearing], timeout=0.3)
    return hearing.result()


def end_over_rest(key: str, session_ids: list[str]) -> list[int]:
    client = Client(headers={"Authorization": f"Bearer {key}"})
    return [client.post(f"/api/v1/websocket/sessions/{one}/end").status_code for one in session_ids]


async def test_the_list_knows_the_sessions_of_all_processes(
    server: LiveServer, other_server: LiveServer, worker: ClockReader, key: str
) -> None:
    """Whichever process is asked, and whoever holds them; one that lost its socket is there, paused."""
    async with opened(server, key, "/ws/transcribe/first") as first:
        await until(first, "connected")
        async with opened(other_server, key, "/ws/transcribe/second") as second:
            await until(second, "connected")
            listed = await store.run(listed_sessions, key)
        assert listed == {"first": "active", "second": "active"}
        await asyncio.to_thread(
            wait_for,
            lambda: listed_sessions(key) == {"first": "active", "second": "paused"},
            what="the pause of the second",
        )


def listed_sessions(key: str) -> dict[str, str]:
    answer = Client(headers={"Authorization": f"Bearer {key}"}).get("/api/v1/websocket/sessions").json()
    assert answer["active_sessions"] == len(answer["sessions"])
    return {session["session_id"]: session["status"] for session in answer["sessions"]}


async def test_a_key_has_its_own_limit_over_all_processes(
    server: LiveServer, other_server: LiveServer, worker: ClockReader, key: str
) -> None:
    """A key with one place holds it on one process, and gets no second on another."""
    limited = await store.run(make_key, "limited", ("live",), max_sessions=1)
    async with opened(server, limited) as first:
        await until(first, "connected")
        async with opened(other_server, limited) as second:
            messages, code = await rest(second)
    assert ([message["code"] for message in messages], code) == (["no_capacity"], 1013)


async def test_a_client_that_answers_no_ping(media: Any, transactional_db: None, worker: ClockReader) -> None:
    """No frame and no pong for two heartbeats: the socket is given up, the session waits for its client."""
    key = await store.run(make_key)
    with serving(ws_ping_interval=0.3, ws_ping_timeout=0.3) as server:
        address = urlsplit(server.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        lines = (
            "GET /ws/transcribe/silent HTTP/1.1",
            "Host: localhost",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            f"Authorization: Bearer {key}",
        )
        writer.write("\r\n".join([*lines, "", ""]).encode())
        assert b"101" in await reader.readline()
        await asyncio.to_thread(wait_for, is_paused, what="the pause")
        writer.close()
        async with opened(server, key, "/ws/transcribe/silent") as socket:
            assert (await until(socket, "connected"))["resumed"]


def is_paused() -> bool:
    return RealTimeSession.objects.filter(session_id="silent", status="paused").exists()
