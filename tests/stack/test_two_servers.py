"""Two web servers of one installation, each a process: what one of them had goes on at the other one."""

from __future__ import annotations

import asyncio
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from ambient.stack.ports import free_port
from ambient.stack.processes import Child
from ambient.stack.stack import Stack
from sessions.client import LiveClient
from tests.stack.comparing import outcome_of
from tests.stack.conftest import SPEED, Talk, folded, gap_after, spoken_before, until
from tests.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
LISTENED_S = gap_after(5)


@pytest.fixture
def second(stack: Stack) -> Iterator[Child]:
    """One more web server on the stack's database, Redis and recordings. Its name is its address."""
    web = next(child for child in stack.children if child.name == "web")
    port = str(free_port())
    command = [port if part == str(stack.conf.port) else part for part in web.command]
    child = Child(
        f"ws://127.0.0.1:{port}/ws/transcribe", command, stack.conf.home / "log" / "web2.log", web.environment
    )
    child.start()

    def is_up() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    wait_for(is_up, what="the second web server")
    yield child
    child.stop()


async def converse(stack: Stack, second: Child, pcm: bytes, session_id: str, go: int) -> Talk:
    """Speak to the second server; when it has said its second final it gets the signal `go`."""
    heard = Talk()
    other = stack.address.replace("http", "ws", 1) + "/ws/transcribe"
    async with LiveClient(
        second.name,
        others=[other],
        token=stack.key,
        session_id=session_id,
        interim_results=True,
        language="en",
    ) as client:
        speaking = asyncio.create_task(client.send_at_speed_of_speech(pcm, speed=SPEED))
        async for message in client:
            heard.messages.append(message)
            about = message.get("segment_id")
            if about == 2 and not message["is_final"] and second.running:
                assert second.pid is not None
                os.kill(second.pid, go)
                await asyncio.to_thread(second.wait_or_kill, 20.0)
        await speaking
    return heard


@pytest.mark.parametrize("go", [signal.SIGKILL, signal.SIGTERM])
def test_a_session_goes_on_at_the_other_server(  # noqa: PLR0917 - fixtures
    stack: Stack,
    second: Child,
    call_pcm: bytes,
    api: httpx.Client,
    finished: Callable[[str], dict[str, Any]],
    go: signal.Signals,
) -> None:
    """In the middle of a word its server is killed, or told to stop: every word is there once."""
    session_id = f"two-servers-{go.name}"
    heard = asyncio.run(converse(stack, second, until(call_pcm, LISTENED_S), session_id, go))

    assert [message["resumed"] for message in heard.of("connected")] == [False, True]
    assert len(heard.of("announcement")) == (1 if go == signal.SIGTERM else 0)
    ended = heard.of("session_ended")[0]
    assert folded(ended["full_transcript"]) == spoken_before(LISTENED_S)
    finals = [message for message in heard.of("transcript") if message["is_final"]]
    ids = [final["segment_id"] for final in finals]
    assert ids == sorted(set(ids))
    finished(ended["conversation_id"])
    outcome = outcome_of(stack, api, session_id)
    assert (outcome.status, outcome.end_reason, outcome.num_runs) == ("completed", "end_session", 1)
    assert outcome.live_words == spoken_before(LISTENED_S)
