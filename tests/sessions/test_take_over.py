"""A session goes on in another process of the installation as if nothing had happened."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sessions import store
from sessions.models import RealTimeSession
from tests.sessions.conftest import LiveServer
from tests.sessions.support import ClockReader, silence, speech, words_between
from tests.sessions.test_transcribe_socket import of_type, opened, rest, rows_of, say, until

TALK = silence(0.5) + speech(2.5) + silence(1.0) + speech(3.0) + silence(1.0) + speech(2.0)
SAID = [*words_between(0.5, 3.0), *words_between(4.0, 7.0), *words_between(8.0, 10.0)]
PATH = "/ws/transcribe/moving"


def words(messages: list[dict[str, Any]]) -> list[str]:
    finals = [message for message in of_type(messages, "transcript") if message["is_final"]]
    return " ".join(message["text"] for message in finals).split()


def let_lapse(session_id: str) -> None:
    past = timezone.now() - timedelta(seconds=1)
    RealTimeSession.objects.filter(session_id=session_id).update(lease_until=past)


@pytest.mark.parametrize("cut_s", [0.2, 1.7, 3.2, 5.5, 9.0])
async def test_another_process_goes_on_where_the_first_one_was(
    server: LiveServer, other_server: LiveServer, worker: ClockReader, key: str, cut_s: float
) -> None:
    """A newer socket elsewhere takes the session: the older one is told, and no word is lost or doubled."""
    cut = int(cut_s * 32_000) + 1  # in the middle of a sample
    async with opened(server, key, PATH + "?acks=true") as first:
        await say(first, TALK[:cut])
        while (await until(first, "ack"))["bytes_received"] < cut:
            pass
        async with opened(other_server, key, PATH) as second:
            connected = json.loads(await second.recv())
            assert (connected["resumed"], connected["next_byte"]) == (True, cut)
            left, code = await rest(first)
            assert (code, left[-1]["code"]) == (4409, "replaced")
            await say(second, TALK[cut:])
            await second.send('{"type":"end_session"}')
            messages, code = await rest(second)
    assert code == 1000
    ended = messages[-1]
    assert ended["full_transcript"].split() == SAID
    assert connected["transcript"].split() + words(messages) == SAID
    assert ended["total_duration"] == len(TALK) / 32_000
    row, chunks = await store.run(rows_of, "moving")
    assert (row.status, row.epoch, row.process_id) == ("completed", 1, other_server.hub.process_id)
    assert [chunk.segment_id for chunk in chunks] == list(range(len(chunks)))
    assert [chunk.chunk_index for chunk in chunks] == list(range(len(chunks)))
    times = [at_s for chunk in chunks for at_s in (chunk.start_s, chunk.end_s)]
    assert times == sorted(times)
    assert server.hub.sessions == {} == other_server.hub.sessions


async def test_back_and_forth(
    server: LiveServer, other_server: LiveServer, worker: ClockReader, key: str
) -> None:
    """A session may move as often as its client does."""
    sent = 0
    for turn, until_s in enumerate((1.0, 2.2, 3.4, 6.1, 8.3)):
        async with opened((server, other_server)[turn % 2], key, PATH) as socket:
            assert json.loads(await socket.recv())["next_byte"] == sent
            await say(socket, TALK[sent : int(until_s * 32_000)])
            sent = int(until_s * 32_000)
            await socket.send('{"type":"ping"}')
            await until(socket, "pong")
    async with opened(other_server, key, PATH) as socket:
        await say(socket, TALK[sent:])
        await socket.send('{"type":"end_session"}')
        messages, _ = await rest(socket)
    assert messages[-1]["full_transcript"].split() == SAID


async def test_who_has_lost_the_session_lets_go(
    server: LiveServer,
    other_server: LiveServer,
    worker: ClockReader,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process that was away too long finds its session taken, and harms nothing with what it still does."""
    monkeypatch.setattr("sessions.hearing.Hearing.ask_to_release", nobody_hears)
    async with opened(server, key, PATH) as zombie:
        await say(zombie, TALK[:64_000])
        await until(zombie, "connected")
        await store.run(let_lapse, "moving")
        async with opened(other_server, key, PATH) as second:
            connected = json.loads(await second.recv())
            await say(zombie, speech(3) + silence(1))  # words that the session never had
            _, code = await rest(zombie)
            assert code == 4409
            await say(second, TALK[connected["next_byte"] :])
            await second.send('{"type":"end_session"}')
            messages, _ = await rest(second)
    assert messages[-1]["full_transcript"].split() == SAID


async def nobody_hears(*_: Any) -> None:
    """What a message comes to that is lost."""


async def test_a_server_that_goes_frees_its_sessions(
    server: LiveServer, other_server: LiveServer, worker: ClockReader, key: str
) -> None:
    """Told to stop, it says so, closes 1012, and another one has the session at once."""
    async with opened(server, key, PATH) as first:
        await say(first, TALK[:150_000])
        await until(first, "transcript")
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(server.hub.leave(), server.loop))
        messages, code = await rest(first)
    assert (code, messages[-1]["type"]) == (1012, "announcement")
    row = await RealTimeSession.objects.aget(session_id="moving")
    assert (row.status, row.process_id) == ("paused", "")
    async with opened(server, key, PATH) as refused:
        messages, code = await rest(refused)
        assert (messages[0]["code"], code) == ("no_capacity", 1013)
    async with opened(other_server, key, PATH) as second:
        connected = json.loads(await second.recv())
        await say(second, TALK[connected["next_byte"] :])
        await second.send('{"type":"end_session"}')
        messages, _ = await rest(second)
    assert messages[-1]["full_transcript"].split() == SAID
