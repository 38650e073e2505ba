"""Opus over a real socket, one raw packet a frame: the same words, true times, resumed where it was cut."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from sessions import journal, store
from sessions.models import RealTimeSession
from tests.sessions.conftest import LiveServer
from tests.sessions.opus import opus_packets
from tests.sessions.support import ClockReader, silence, speech, words_between
from tests.sessions.test_transcribe_socket import of_type, opened, rest, until

QUERY = "encoding=opus&sample_rate=48000"
SPEECH = opus_packets(silence(0.5) + speech(2.5) + silence(1.0))
NO_PACKET = b"\x03"


async def send_all(socket: ClientConnection, packets: list[bytes]) -> None:
    for packet in packets:
        await socket.send(packet)


def recorded(session_id: str) -> tuple[RealTimeSession, bytes]:
    row = RealTimeSession.objects.get(session_id=session_id)
    return row, b"".join(journal.read_recording(session_id))


@pytest.mark.parametrize(
    ("path", "end", "last", "text"),
    [
        (f"/ws/transcribe/o1?{QUERY}", "end_session", "session_ended", "full_transcript"),
        (f"/v1/audio/transcriptions/stream?{QUERY}", "end", "session.end", "transcript"),
    ],
)
async def test_packets_are_heard(
    server: LiveServer, worker: ClockReader, key: str, *, path: str, end: str, last: str, text: str
) -> None:
    """What was spoken comes back; bytes count as sent, seconds as decoded; what is no packet is refused."""
    async with opened(server, key, path) as socket:
        begun = json.loads(await socket.recv())
        await send_all(socket, SPEECH[:50])
        await socket.send(NO_PACKET)
        error = await until(socket, "error")
        assert error["code"] == "invalid_audio"
        await send_all(socket, SPEECH[50:])
        await socket.send(json.dumps({"type": end}))
        messages, code = await rest(socket)
    ended = of_type(messages, last)[0]
    assert (ended[text].split(), code) == (words_between(0.5, 3.0), 1000)
    row, stored = await store.run(recorded, begun["session_id"])
    assert row.bytes_received == sum(map(len, SPEECH))
    assert row.audio_duration_s == pytest.approx(4.0)
    assert len(stored) == row.bytes_received + 2 * len(SPEECH)
    samples = await store.run(journal.recording_samples, row.session_id)
    assert len(samples) == 4 * 16_000


async def test_packets_are_resumed(server: LiveServer, worker: ClockReader, key: str) -> None:
    """After a cut, next_byte and the acks are bytes as they were sent: the end of a packet, always."""
    path = f"/ws/transcribe/o2?{QUERY}&acks=true"
    ends = [sum(map(len, SPEECH[:count])) for count in range(len(SPEECH) + 1)]
    async with opened(server, key, path) as socket:
        await send_all(socket, SPEECH[:120])
        ack = await until(socket, "ack")
        assert ack["bytes_received"] in ends
        assert ack["audio_seconds"] == pytest.approx(ends.index(ack["bytes_received"]) * 0.02)
        socket.transport.abort()
    async with opened(server, key, path) as socket:
        connected = json.loads(await socket.recv())
        assert ack["bytes_received"] <= connected["next_byte"] <= ends[120]
        await send_all(socket, SPEECH[ends.index(connected["next_byte"]) :])
        await socket.send('{"type":"end_session"}')
        messages, _ = await rest(socket)
    assert messages[-1]["full_transcript"].split() == words_between(0.5, 3.0)
    finals = [message for message in of_type(messages, "transcript") if message["is_final"]]
    assert all(0 < message["audio_size_bytes"] <= ends[-1] for message in finals)
    assert (await store.run(recorded, "o2"))[0].bytes_received == ends[-1]


def media(seq: int, offset: int, packet: bytes) -> bytes:
    return seq.to_bytes(4, "big") + offset.to_bytes(8, "big") + packet


async def test_numbered_packets(server: LiveServer, worker: ClockReader, key: str) -> None:
    """The segment stream puts packets in order, fills what is missing or is none with silence, in time."""
    frames = [media(seq, seq * 960, packet) for seq, packet in enumerate(SPEECH)]
    frames[30], frames[31] = frames[31], frames[30]
    frames[160] = media(160, 160 * 960, NO_PACKET)
    del frames[170:180]
    start: dict[str, Any] = {"type": "start", "encoding": "opus", "sample_rate": 48_000}
    async with opened(server, key, "/ws/stream") as socket:
        await socket.send(json.dumps(start))
        await until(socket, "ready")
        await send_all(socket, frames)
        await socket.send('{"type":"stop"}')
        messages, code = await rest(socket)
    assert [(m["code"], m["fatal"]) for m in of_type(messages, "error")] == [
        ("invalid_audio", False),
        ("media_gap", False),
        ("media_gap", False),
    ]
    finals = [message["segment"]["text"] for message in of_type(messages, "segment_finalized")]
    assert " ".join(finals).split() == words_between(0.5, 3.0)
    assert (messages[-1]["duration"], code) == (pytest.approx(4.0), 1000)
