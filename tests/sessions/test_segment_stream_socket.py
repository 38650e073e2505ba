"""/ws/stream from outside: a real server, a real socket, real rows."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect

from sessions import journal, reach, starting, store
from tasks.recordings import ensure_channels
from tests.sessions.conftest import LiveServer
from tests.sessions.support import ClockReader, silence, speech, words_between
from tests.sessions.test_segment_stream import media
from tests.sessions.test_transcribe_socket import ended, of_type, opened, rest, rows_of, server_with, until
from transcription.analysis.diarization.online import can_embed

PATH = "/ws/stream"
FRAME_BYTES = 3200


def frames_of(audio: bytes) -> list[bytes]:
    return [
        media(seq, start // 2, audio[start : start + FRAME_BYTES])
        for seq, start in enumerate(range(0, len(audio), FRAME_BYTES))
    ]


async def start(socket: ClientConnection, **fields: Any) -> dict[str, Any]:
    await socket.send(json.dumps({"type": "start", **fields}))
    return await until(socket, "ready")


async def test_what_is_said_comes_back(server: LiveServer, worker: ClockReader, key: str) -> None:
    """Ready, partials, finals and done, their seqs growing, with the key in start alone."""
    audio = speech(3) + silence(1) + speech(1)
    async with connect(f"{server.url}{PATH}") as socket:
        ready = await start(socket, sample_rate=16_000, diarization=True, auth=key)
        for frame in frames_of(audio):
            await socket.send(frame)
            await asyncio.sleep(0.02)
        await socket.send('{"type":"stop"}')
        messages, code = await rest(socket)
    assert ready["features"] == {"diarization": can_embed(), "analytics": False, "semantics": False}
    seqs = [message["seq"] for message in [ready, *messages]]
    assert seqs[0] == 0
    assert seqs == sorted(set(seqs))
    assert of_type(messages, "partial_segment")
    finals = [message["segment"] for message in of_type(messages, "segment_finalized")]
    assert [word for s in finals for word in s["text"].split()] == words_between(0, 3) + words_between(4, 5)
    for final in finals:
        revisions = [
            message["segment"]["revision"]
            for message in messages
            if message.get("segment", {}).get("id") == final["id"]
        ]
        assert revisions == sorted(set(revisions))
        assert revisions[-1] == final["revision"]
    done = messages[-1]
    assert (done["type"], code) == ("done", 1000)
    assert (done["duration"], done["segments"], done["language"]) == (5.0, len(finals), "en")
    assert done["events_sent"] == len(messages) + 1
    row, _ = await store.run(rows_of, ready["session_id"])
    assert (row.protocol, row.status) == ("segment_stream", "completed")


async def test_turns_figures_and_meaning(server: LiveServer, worker: ClockReader, key: str) -> None:
    """What was granted is said: annotations with each final, then the turn and the figures, which are final
    before done and counted in it."""
    async with opened(server, key, PATH) as socket:
        ready = await start(socket, analytics=True, semantics=True)
        for frame in frames_of(speech(2) + silence(1) + speech(1)):
            await socket.send(frame)
        await socket.send('{"type":"stop"}')
        messages, _ = await rest(socket)
    assert ready["features"] == {"diarization": False, "analytics": True, "semantics": True}
    finals = of_type(messages, "segment_finalized")
    assert [final["annotations"]["intent"] for final in finals] == ["statement"] * 2
    turns = [message["turn"] for message in of_type(messages, "turn_updated")]
    assert [(turn["id"], turn["revision"], turn["partial"]) for turn in turns][-1] == (0, 2, False)
    assert turns[-1]["segment_ids"] == [0, 1]
    assert turns[-1]["text"] == " ".join(final["segment"]["text"] for final in finals)
    figures = of_type(messages, "analytics_snapshot")[-1]
    assert figures["turns"] == turns[-1:]
    assert figures["completeness"] == {"turns_final": True}
    assert (messages[-1]["type"], messages[-1]["turns"]) == ("done", 1)


async def test_each_channel_is_a_speaker(server: LiveServer, worker: ClockReader, key: str) -> None:
    """Two talks come back apart, in one numbering; turns and rows carry the channels; the recording is what
    was sent, and is heard channel by channel by what comes after the session."""
    left, right = speech(2) + silence(4), silence(3) + speech(2) + silence(1)
    stereo = np.stack([np.frombuffer(side, "<i2") for side in (left, right)], axis=1).tobytes()
    async with opened(server, key, PATH) as socket:
        ready = await start(socket, channels=2, multichannel=True, analytics=True)
        for seq, at in enumerate(range(0, len(stereo), 6400)):
            await socket.send(media(seq, at // 4, stereo[at : at + 6400]))
        await socket.send('{"type":"stop"}')
        messages, _ = await rest(socket)
    finals = [message["segment"] for message in of_type(messages, "segment_finalized")]
    assert [(f["id"], f["speaker_id"], f["text"].split()) for f in finals] == [
        (0, "CHANNEL_0", words_between(0, 2)),
        (1, "CHANNEL_1", words_between(3, 5)),
    ]
    turns = of_type(messages, "analytics_snapshot")[-1]["turns"]
    assert [(turn["speaker_id"], turn["segment_ids"]) for turn in turns] == [
        ("CHANNEL_0", [0]),
        ("CHANNEL_1", [1]),
    ]
    assert messages[-1]["turns"] == 2
    row, _ = await store.run(rows_of, ready["session_id"])
    heard = await store.run(lambda: list(row.conversation.segments.values_list("speaker_label", flat=True)))
    assert heard == ["CHANNEL_0", "CHANNEL_1"]
    assert await store.run(lambda: b"".join(journal.read_recording(row.session_id))) == stereo
    channels = await store.run(lambda: ensure_channels(row.conversation))
    stored = await store.run(lambda: ensure_channels(row.conversation))  # from the file, this time
    for samples, again, side in zip(channels, stored, (left, right), strict=True):
        sent = np.frombuffer(side, "<i2") / np.float32(32768)
        assert np.abs(samples - sent).max() < 1e-4
        assert np.array_equal(samples, again)


async def test_frames_that_the_network_shuffled(server: LiveServer, worker: ClockReader, key: str) -> None:
    """Doubled and out of order, in binary and base64, the recording is the audio, without complaint."""
    audio = speech(2)
    frames = frames_of(audio)
    frames[2:6] = [frames[5], frames[3], frames[2], frames[4], frames[3]]
    async with opened(server, key, PATH) as socket:
        ready = await start(socket)
        for frame in frames[:-1]:
            await socket.send(frame)
        seq, offset = int.from_bytes(frames[-1][:4], "big"), int.from_bytes(frames[-1][4:12], "big")
        data = base64.b64encode(frames[-1][12:]).decode()
        await socket.send(json.dumps({"type": "media", "seq": seq, "offset": offset, "data": data}))
        await socket.send('{"type":"stop"}')
        messages, _ = await rest(socket)
    assert not of_type(messages, "error")
    assert await store.run(lambda: b"".join(journal.read_recording(ready["session_id"]))) == audio


async def test_a_frame_that_never_comes(server: LiveServer, worker: ClockReader, key: str) -> None:
    """While nothing else is sent the gap is reported by the clock, silent, and times stay true."""
    audio = speech(1) + silence(1) + speech(1)
    frames = frames_of(audio)
    del frames[12:15]
    async with opened(server, key, PATH) as socket:
        await start(socket)
        for frame in frames:
            await socket.send(frame)
        error = await until(socket, "error")
        assert (error["code"], error["fatal"]) == ("media_gap", False)
        await socket.send('{"type":"stop"}')
        messages, _ = await rest(socket)
    assert messages[-1]["duration"] == 3.0
    last = of_type(messages, "segment_finalized")[-1]["segment"]
    assert last["text"].split() == words_between(2, 3)


async def test_a_socket_that_is_lost_in_a_gap(
    settings: Any, request: pytest.FixtureRequest, worker: ClockReader, key: str
) -> None:
    """What came and waited for what did not is kept, with silence before it."""
    server = await server_with(settings, request, resume_grace_s=0)
    audio = speech(2)
    frames = frames_of(audio)
    async with opened(server, key, PATH) as socket:
        ready = await start(socket, acks=True)
        for frame in frames[:10] + frames[11:]:
            await socket.send(frame)
        await until(socket, "ack")
    await ended(server, ready["session_id"])
    heard = await store.run(lambda: b"".join(journal.read_recording(ready["session_id"])))
    lost = slice(10 * FRAME_BYTES, 11 * FRAME_BYTES)
    assert heard == audio[: lost.start] + bytes(FRAME_BYTES) + audio[lost.stop :]


async def test_a_gap_without_end(server: LiveServer, worker: ClockReader, key: str) -> None:
    """An offset far beyond the clock is a flood, however short the frame that has it."""
    async with opened(server, key, PATH) as socket:
        await start(socket)
        await socket.send(media(0, 2**64 - 1, b"\0\0"))
        messages, code = await rest(socket)
    assert ([message["code"] for message in messages], code) == (["media_gap", "rate_limit"], 4429)


async def test_start_comes_first(server: LiveServer, worker: ClockReader, key: str) -> None:
    """What comes before it, and a second one, are invalid_message; the socket goes on."""
    async with opened(server, key, PATH) as socket:
        for frame in (media(0, 0, b"\0\0"), "no json", '{"type":"stop"}'):
            await socket.send(frame)
            error = await until(socket, "error")
            assert (error["code"], error["fatal"]) == ("invalid_message", False)
        ready = await start(socket)
        assert ready["seq"] == 0
        await socket.send('{"type":"start"}')
        assert (await until(socket, "error"))["code"] == "invalid_message"
        await socket.send('{"type":"stop"}')
        assert (await rest(socket))[1] == 1000


async def test_start_comes_in_time(server: LiveServer, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket that says nothing is told so and closed."""
    monkeypatch.setattr(starting, "START_PATIENCE_S", 0.05)
    async with opened(server, key, PATH) as socket:
        messages, code = await rest(socket)
    assert ([message["code"] for message in messages], code) == (["no_start"], 4400)


@pytest.mark.parametrize(
    ("fields", "error", "code"),
    [
        ({}, "unauthorized", 4401),
        ({"auth": "wrong"}, "unauthorized", 4401),
        ({"auth": None, "encoding": "mp3"}, "invalid_parameters", 4400),
        ({"auth": None, "sample_rate": 1}, "invalid_parameters", 4400),
    ],
)
async def test_who_is_refused_hears_why(
    server: LiveServer, key: str, *, fields: dict[str, Any], error: str, code: int
) -> None:
    """No key, a wrong one and a parameter that is not taken are fatal errors with their close codes."""
    asked = {name: key if value is None else value for name, value in fields.items()}
    async with connect(f"{server.url}{PATH}") as socket:
        await socket.send(json.dumps({"type": "start", **asked}))
        messages, closed = await rest(socket)
    assert ([(m["code"], m["fatal"]) for m in messages], closed) == ([(error, True)], code)


async def test_an_operator_ends_it(server: LiveServer, worker: ClockReader, key: str) -> None:
    """A fatal error says who ended it; done comes all the same."""
    async with opened(server, key, PATH) as socket:
        ready = await start(socket)
        await store.run(reach.ask_to_end, ready["session_id"])
        messages, code = await rest(socket)
    assert [m.get("code", m["type"]) for m in messages] == ["ended_by_operator", "done"]
    assert code == 1000
