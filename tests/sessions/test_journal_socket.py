"""Sessions over real sockets on each kind of journal: acknowledged, cut, resumed, and whole in the end."""

from __future__ import annotations

import json
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest

from sessions import journal, store
from sessions.models import JournalPart, RealTimeSession
from tests.sessions.conftest import LiveServer
from tests.sessions.opus import opus_packets
from tests.sessions.support import ClockReader, speech, words_between
from tests.sessions.test_take_over import SAID, TALK
from tests.sessions.test_transcribe_socket import opened, rest, say, until


def parts_of(session_id: str) -> list[tuple[int, int, str]]:
    rows = JournalPart.objects.filter(session__session_id=session_id)
    return list(rows.values_list("offset_bytes", "size_bytes", "stored_as"))


async def test_nothing_is_written_down(
    in_memory: None, media: Path, server: LiveServer, worker: ClockReader, key: str
) -> None:
    """In memory a session is acknowledged, cut, resumed and whole, and no byte of it is on the disk, even
    where its client asked for its audio to be stored."""
    audio, path = speech(4), "/ws/transcribe/m1?acks=true&store_audio=true"
    async with opened(server, key, path) as socket:
        await say(socket, audio[:64_001], frame_bytes=6401)
        acked = (await until(socket, "ack"))["bytes_received"]
        socket.transport.abort()
    async with opened(server, key, path) as socket:
        connected: dict[str, Any] = json.loads(await socket.recv())
        assert acked <= connected["next_byte"] <= 64_001
        await say(socket, audio[connected["next_byte"] :])
        await socket.send('{"type":"end_session"}')
        messages, _ = await rest(socket)
    assert messages[-1]["full_transcript"].split() == words_between(0, 4)
    assert await store.run(lambda: b"".join(journal.read_recording("m1"))) == audio
    assert await store.run(lambda: [path for path in media.rglob("*") if path.is_file()]) == []
    row = await store.run(lambda: RealTimeSession.objects.select_related("conversation").get(session_id="m1"))
    assert not row.conversation.store_audio


@pytest.mark.parametrize("kind", ["folder", "objects"])
async def test_a_cut_session_is_whole(
    request: pytest.FixtureRequest, worker: ClockReader, key: str, *, kind: str
) -> None:
    """What was acknowledged survives the cut, what was sent is recorded once, and each part has its row."""
    if kind == "objects":
        request.getfixturevalue("objects")
    server: LiveServer = request.getfixturevalue("server")
    audio = speech(4)
    async with opened(server, key, "/ws/transcribe/j1?acks=true") as socket:
        await say(socket, audio[:64_001], frame_bytes=6401)
        acked = (await until(socket, "ack"))["bytes_received"]
        socket.transport.abort()
    async with opened(server, key, "/ws/transcribe/j1?acks=true") as socket:
        connected: dict[str, Any] = json.loads(await socket.recv())
        assert acked <= connected["next_byte"] <= 64_001
        await say(socket, audio[connected["next_byte"] :])
        await socket.send('{"type":"end_session"}')
        messages, _ = await rest(socket)
    assert messages[-1]["full_transcript"].split() == words_between(0, 4)
    assert await store.run(lambda: b"".join(journal.read_recording("j1"))) == audio
    parts = sorted(part for part in await store.run(parts_of, "j1") if part[1])
    assert all(start + size == after for (start, size, _), (after, _, _) in pairwise(parts))
    assert sum(size for _, size, _ in parts) == len(audio)
    assert all(bool(name) == (kind == "objects") for _, _, name in parts)
    row = await store.run(lambda: RealTimeSession.objects.get(session_id="j1"))
    assert row.bytes_received == len(audio)


@pytest.mark.parametrize("kind", ["objects", "in_memory", "opus"])
async def test_another_process_goes_on_from_it(
    request: pytest.FixtureRequest, worker: ClockReader, key: str, *, kind: str
) -> None:
    """A session moves to another process wherever its journal lies, and of packets too: no word is lost."""
    if kind != "opus":
        request.getfixturevalue(kind)
    server: LiveServer = request.getfixturevalue("server")
    other_server: LiveServer = request.getfixturevalue("other_server")
    frames = [TALK[at : at + 640] for at in range(0, len(TALK), 640)]
    path = "/ws/transcribe/moving?acks=true"
    if kind == "opus":
        frames, path = opus_packets(TALK), f"{path}&encoding=opus&sample_rate=48000"
    ends = [0, *accumulate(map(len, frames))]
    cut = 260  # 5.2 s: while somebody speaks
    async with opened(server, key, path) as first:
        for frame in frames[:cut]:
            await first.send(frame)
        while (await until(first, "ack"))["bytes_received"] < ends[cut]:
            pass
        async with opened(other_server, key, path) as second:
            connected = json.loads(await second.recv())
            assert (connected["resumed"], connected["next_byte"]) == (True, ends[cut])
            for frame in frames[cut:]:
                await second.send(frame)
            await second.send('{"type":"end_session"}')
            messages, code = await rest(second)
    assert (messages[-1]["full_transcript"].split(), code) == (SAID, 1000)
    row = await store.run(lambda: RealTimeSession.objects.get(session_id="moving"))
    assert (row.bytes_received, row.audio_duration_s) == (ends[-1], 10.0)
