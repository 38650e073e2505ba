"""What is killed or cut while people talk costs them no word."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ambient.stack.stack import Stack
from sessions.client import LiveClient
from tests.stack.conftest import Talk, folded, gap_after, spoken_before, talk, until
from tests.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
LISTENED_S = gap_after(5)


def kill(stack: Stack, name: str) -> None:
    process = next(child for child in stack.children if child.name == name)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)


def test_a_cut_socket_is_taken_up_where_the_journal_ends(stack: Stack, call_pcm: bytes) -> None:
    """A client that loses its connection mid-word and comes back misses nothing and repeats nothing."""
    cuts = iter([1, 3])
    cut_at = next(cuts)

    def cut(client: LiveClient, message: dict[str, Any]) -> None:
        nonlocal cut_at
        if message["type"] == "transcript" and message["segment_id"] == cut_at and client._socket:
            cut_at = next(cuts, -1)
            client._socket.transport.abort()

    heard = asyncio.run(talk(stack, until(call_pcm, LISTENED_S), session_id="cut-twice", during=cut))

    opened = heard.of("connected")
    assert [message["resumed"] for message in opened] == [False, True, True]
    assert folded(heard.of("session_ended")[0]["full_transcript"]) == spoken_before(LISTENED_S)


def test_a_killed_live_worker_costs_no_word(stack: Stack, call_pcm: bytes) -> None:
    """The decode that died with its worker is asked for again."""
    killed: list[bool] = []

    def kill_once(_: LiveClient, message: dict[str, Any]) -> None:
        if message["type"] == "transcript" and not message["is_final"] and not killed:
            killed.append(True)
            kill(stack, "live")

    heard: Talk = asyncio.run(
        talk(stack, until(call_pcm, LISTENED_S), session_id="worker-killed", during=kill_once)
    )

    assert killed
    assert folded(heard.text) == spoken_before(LISTENED_S)
    assert heard.of("session_ended")


def test_a_killed_batch_worker_delays_the_analysis_and_no_more(
    stack: Stack, call_pcm: bytes, api: httpx.Client, finished: Callable[[str], dict[str, Any]]
) -> None:
    """The rows know what was under way; the sweep sends it again."""
    heard = asyncio.run(talk(stack, until(call_pcm, gap_after(2))))
    kill(stack, "batch")
    conversation = finished(heard.of("session_ended")[0]["conversation_id"])
    assert conversation["status"] == "completed"
    assert {stage["status"] for stage in conversation["run"]["stages"]} <= {"succeeded", "skipped"}


def test_a_client_that_never_comes_back_is_finished_without_it(
    stack: Stack, call_pcm: bytes, api: httpx.Client, finished: Callable[[str], dict[str, Any]]
) -> None:
    """After the grace every accepted byte is transcribed, and the status says how it ended."""

    async def vanish() -> None:
        url = stack.address.replace("http", "ws", 1) + "/ws/transcribe"
        client = LiveClient(url, token=stack.key, session_id="vanished", language="en")
        await client._connect()
        assert client._socket is not None
        await client._socket.recv()
        await client._socket.send(until(call_pcm, LISTENED_S)[: 1024 * 1024])
        client._socket.transport.abort()

    asyncio.run(vanish())

    def over() -> dict[str, Any] | None:
        session: dict[str, Any] = api.get("/websocket/sessions/vanished").json()
        return session if session.get("status") == "interrupted" else None

    session = wait_for(over, what="the end of the session")
    assert folded(" ".join(chunk["text"] for chunk in session["chunks"])) == spoken_before(LISTENED_S)
    assert finished(session["conversation_id"])["status"] == "completed"


@pytest.mark.slow
def test_what_a_killed_web_process_had_accepted_is_transcribed_without_it(
    stack: Stack, call_pcm: bytes, api: httpx.Client, finished: Callable[[str], dict[str, Any]]
) -> None:
    """The journal outlives the process; when its lease and the grace have passed, the recording is heard."""

    async def lose_the_server() -> None:
        url = stack.address.replace("http", "ws", 1) + "/ws/transcribe"
        client = LiveClient(url, token=stack.key, session_id="orphaned", language="en")
        await client._connect()
        assert client._socket is not None
        await client._socket.recv()
        await client._socket.send(until(call_pcm, LISTENED_S)[: 1024 * 1024])
        async for raw in client._socket:  # the whole frame is on the disk
            if '"ack"' in raw and json.loads(raw)["bytes_received"] == len(until(call_pcm, LISTENED_S)):
                break
        kill(stack, "web")

    asyncio.run(lose_the_server())

    def over() -> dict[str, Any] | None:
        try:
            session: dict[str, Any] = api.get("/websocket/sessions/orphaned").json()
        except httpx.TransportError:
            return None
        return session if session.get("status") == "interrupted" else None

    session = wait_for(over, timeout_s=100, what="the end of the session")
    conversation = finished(session["conversation_id"])
    assert conversation["status"] == "completed"
    heard = api.get(f"/conversations/{conversation['id']}/transcript", params={"format": "v2"}).json()
    assert folded(" ".join(segment["text"] for segment in heard["segments"])) == spoken_before(LISTENED_S)
