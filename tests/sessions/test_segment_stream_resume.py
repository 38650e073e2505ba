"""/ws/stream gone on with: what changed is told again, numbers go on, audio that was taken counts once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from tests.sessions.conftest import LiveServer
from tests.sessions.support import ClockReader, silence, speech, words_between
from tests.sessions.test_segment_stream_socket import PATH, frames_of, start
from tests.sessions.test_transcribe_socket import of_type, opened, rest, until

TALK = silence(0.5) + speech(2.5) + silence(1.0) + speech(3.0) + silence(1.0) + speech(2.0)
SAID = [*words_between(0.5, 3.0), *words_between(4.0, 7.0), *words_between(8.0, 10.0)]
FRAMES = frames_of(TALK)


async def resume(socket: ClientConnection, session_id: str, last_seq: int) -> dict[str, Any]:
    await socket.send(json.dumps({"type": "resume", "session_id": session_id, "last_seq": last_seq}))
    return await until(socket, "ready")


def state_of(messages: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Segments as a reader has them; no revision comes twice and nothing final changes."""
    state: dict[int, dict[str, Any]] = {}
    for message in messages:
        if segment := message.get("segment"):
            before = state.get(segment["id"])
            if before is not None and segment["revision"] <= before["revision"]:
                assert segment == before, "the same revision says the same"
                continue
            assert before is None or before["partial"], "a final never changes"
            state[segment["id"]] = segment
    return state


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("cut", [12, 38, 57])
async def test_a_stream_is_gone_on_with(  # noqa: PLR0917 - fixtures
    server: LiveServer,
    other_server: LiveServer,
    worker: ClockReader,
    key: str,
    cut: int,
    elsewhere: bool,
) -> None:
    """On the same server or another: state from both sockets' events is whole, and seqs only grow."""
    async with opened(server, key, PATH) as first:
        ready = await start(first, sample_rate=16_000, acks=True)
        for frame in FRAMES[:cut]:
            await first.send(frame)
        heard: list[dict[str, Any]] = []
        while not heard or heard[-1].get("bytes_received", 0) < cut * 3200:
            heard.append(json.loads(await first.recv()))
        first.transport.abort()
    last_seq = heard[-1]["seq"]
    async with opened(other_server if elsewhere else server, key, PATH) as second:
        again = await resume(second, ready["session_id"], last_seq)
        assert again["session_id"] == ready["session_id"]
        assert again["next_media_seq"] <= cut
        for frame in FRAMES[max(0, again["next_media_seq"] - 5) :]:  # what was taken counts once
            await second.send(frame)
        await second.send('{"type":"stop"}')
        messages, code = await rest(second)
    assert code == 1000
    seqs = [message["seq"] for message in [ready, *heard, again, *messages]]
    assert seqs == sorted(set(seqs))
    state = state_of([*heard, *messages])
    finals = [state[number] for number in sorted(state) if state[number]["text"]]
    assert " ".join(segment["text"] for segment in finals).split() == SAID
    assert not any(segment["partial"] for segment in finals)
    done = of_type(messages, "done")[0]
    assert (done["duration"], done["segments"]) == (len(TALK) / 32_000, len(finals))
    assert not of_type(messages, "error")


async def test_what_was_missed_is_told_again(
    server: LiveServer, other_server: LiveServer, worker: ClockReader, key: str
) -> None:
    """A client that has had nothing gets the latest of everything; one that has had all gets nothing."""
    async with opened(server, key, PATH) as first:
        ready = await start(first, sample_rate=16_000)
        for frame in FRAMES[:79]:
            await first.send(frame)
        finals: list[dict[str, Any]] = []
        while len(finals) < 2:
            message = json.loads(await first.recv())
            finals += of_type([message], "segment_finalized")
    for place, last_seq, expected in (
        (other_server, -1, [final["segment"] for final in finals]),
        (server, finals[0]["seq"], [finals[1]["segment"]]),
        (other_server, 10**9, []),
    ):
        async with opened(place, key, PATH) as socket:
            again = await resume(socket, ready["session_id"], last_seq)
            await socket.send('{"type":"nothing"}')
            told = []
            while (message := json.loads(await socket.recv()))["type"] != "error":
                told.append(message)
        assert [message["segment"] for message in of_type(told, "segment_finalized")] == expected
        assert all(message["seq"] > again["seq"] > finals[-1]["seq"] for message in told)


async def test_a_session_that_is_not_there(server: LiveServer, worker: ClockReader, key: str) -> None:
    """Nothing is begun by a resume."""
    async with opened(server, key, PATH) as socket:
        await socket.send('{"type":"resume","session_id":"nowhere","last_seq":3}')
        messages, code = await rest(socket)
    assert (messages[0]["code"], code) == ("session_finished", 4410)
