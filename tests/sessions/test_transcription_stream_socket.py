"""/v1/audio/transcriptions/stream from outside: a real server, a real socket, real rows."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from conversations.models import Conversation
from sessions import reach, store
from tasks.recordings import ensure_recording
from tests.sessions.conftest import LiveServer
from tests.sessions.support import ClockReader, silence, speech, words_between
from tests.sessions.test_transcribe_socket import of_type, opened, rest, rows_of, say, server_with, until
from transcription.engines.base import SAMPLE_RATE_HZ

PATH = "/v1/audio/transcriptions/stream"


def conversation_of(session_id: str) -> Conversation:
    return rows_of(session_id)[0].conversation


async def test_what_is_said_comes_back(server: LiveServer, worker: ClockReader, key: str) -> None:
    """Begin, activity, partials, finals and the end, with totals that are those of the audio."""
    async with opened(server, key, f"{PATH}?word_timestamps=true") as socket:
        begin = await until(socket, "session.begin")
        for _ in range(30):
            await socket.send(speech(0.1))
            await asyncio.sleep(0.02)
        await say(socket, silence(1))
        await socket.send('{"type":"end"}')
        messages, code = await rest(socket)
    assert (begin["config"]["language"], begin["config"]["model"]) == ("auto", "half-seconds")
    assert "resumed_from" not in begin
    assert of_type(messages, "transcript.partial")
    [start], [end] = of_type(messages, "vad.speech_start"), of_type(messages, "vad.speech_end")
    finals = of_type(messages, "transcript.final")
    assert [word["word"] for word in finals[0]["words"]] == words_between(0, 3)
    ended = messages[-1]
    assert (ended["type"], code) == ("session.end", 1000)
    assert ended["transcript"].split() == words_between(0, 3)
    assert [s["text"] for s in ended["segments"]] == [final["text"] for final in finals]
    assert ended["total_audio_seconds"] == 4.0
    assert ended["total_speech_duration"] == round(end["timestamp"] - start["timestamp"], 3)
    assert ended["audio_uri"] == f"/api/v1/conversations/{begin['conversation_id']}/audio"
    row, _ = await store.run(rows_of, begin["session_id"])
    assert (row.protocol, row.status) == ("transcription_stream", "completed")


async def test_a_flush_makes_final_what_was_sent(server: LiveServer, worker: ClockReader, key: str) -> None:
    """In the middle of speech a flush brings a final; what is said after it is in the next."""
    async with opened(server, key, PATH) as socket:
        await until(socket, "session.begin")
        await say(socket, speech(2.032))
        await socket.send('{"type":"flush"}')
        final = await until(socket, "transcript.final")
        assert final["text"].split() == words_between(0, 2)
        await say(socket, speech(2))
        await socket.send('{"type":"end"}')
        messages, _ = await rest(socket)
    assert len(messages[-1]["segments"]) == 2
    assert set(messages[-1]["transcript"].split()) >= {*words_between(0, 2), *words_between(2.5, 4)}


async def test_what_was_cleared_no_pass_brings_back(
    server: LiveServer, worker: ClockReader, key: str
) -> None:
    """Cleared speech is in no final and, for the pipeline and in the stored audio, silence; what was final
    before it and what is said after it stay."""
    async with opened(server, key, PATH) as socket:
        begin = await until(socket, "session.begin")
        await say(socket, speech(1) + silence(1))
        await until(socket, "transcript.final")
        await say(socket, speech(2))
        await until(socket, "vad.speech_start")
        await socket.send('{"type":"clear"}')
        await until(socket, "vad.speech_end")
        await say(socket, silence(1) + speech(1))
        await socket.send('{"type":"end"}')
        messages, _ = await rest(socket)
    assert messages[-1]["transcript"].split() == words_between(0, 1) + words_between(5, 6)
    row, _ = await store.run(rows_of, begin["session_id"])
    [[start_s, end_s]] = row.options["cleared"]
    assert 1.0 <= start_s <= 2.0
    assert end_s == 4.0
    conversation = await store.run(conversation_of, begin["session_id"])
    for _ in range(2):  # from the journal, then from what was stored
        samples = await store.run(ensure_recording, conversation)
        loud = [bool(np.abs(samples[s * SAMPLE_RATE_HZ :][:SAMPLE_RATE_HZ]).max() > 0.1) for s in range(6)]
        assert loud == [True, False, False, False, False, True]


async def test_a_session_is_gone_on_with(server: LiveServer, worker: ClockReader, key: str) -> None:
    """resume_session_id takes a cut session up from next_byte, whichever protocol it was begun in."""
    audio = speech(4)
    async with opened(server, key, f"{PATH}?acks=true") as socket:
        begin = await until(socket, "session.begin")
        await say(socket, audio[:64_000])
        await until(socket, "ack")
        socket.transport.abort()
    async with opened(server, key, f"{PATH}?resume_session_id={begin['session_id']}") as socket:
        again = await until(socket, "session.begin")
        assert again["resumed_from"] == again["session_id"] == begin["session_id"]
        await say(socket, audio[again["next_byte"] :])
        await socket.send('{"type":"end"}')
        messages, _ = await rest(socket)
    assert messages[-1]["transcript"].split() == words_between(0, 4)


async def test_a_transcript_that_stays_behind(server: LiveServer, key: str) -> None:
    """With nobody to decode, lag is warned of, then the session is over: 4010, and the pipeline hears it."""
    async with opened(server, key, f"{PATH}?acks=true") as socket:
        begin = await until(socket, "session.begin")
        await say(socket, speech(6))
        messages, code = await rest(socket)
    [warning] = of_type(messages, "warning")
    assert (warning["warning_threshold_seconds"], warning["hard_threshold_seconds"]) == (3.0, 5.0)
    assert [message["type"] for message in messages[-2:]] == ["error", "session.terminated"]
    assert (messages[-2]["code"], messages[-2]["recoverable"]) == ("lag_exceeded", True)
    assert messages[-1]["recovery_hint"]["buffer_window_ms"] == 6000
    assert code == 4010
    row, _ = await store.run(rows_of, begin["session_id"])
    assert (row.status, row.end_reason, row.audio_duration_s) == ("terminated", "lag_exceeded", 6.0)
    assert (row.metrics.lag_warnings, row.metrics.floods, row.metrics.slow_readers) == (1, 0, 0)
    assert row.metrics.max_lag_s is not None
    assert row.metrics.max_lag_s >= 5.0
    run = await store.run(row.conversation.runs.get)
    assert run.parameters == {"enhance_on_end": True}


async def test_endpointing_can_be_set(server: LiveServer, worker: ClockReader, key: str) -> None:
    """A shorter closing silence cuts where the default would not; a value out of range is refused."""
    async with opened(server, key, PATH) as socket:
        await until(socket, "session.begin")
        await socket.send('{"type":"config","min_silence_duration_ms":1}')
        assert (await until(socket, "error"))["code"] == "invalid_message"
        await socket.send('{"type":"config","min_silence_duration_ms":100}')
        await say(socket, speech(1) + silence(0.3) + speech(1.2))
        await socket.send('{"type":"end"}')
        messages, _ = await rest(socket)
    assert len(of_type(messages, "vad.speech_end")) == 2


async def test_ends_that_are_not_the_clients(
    settings: Any, request: pytest.FixtureRequest, worker: ClockReader, key: str
) -> None:
    """An operator terminates; the longest duration is a session_timeout and an orderly end."""
    server = await server_with(settings, request, max_session_duration_s=2)
    async with opened(server, key, PATH) as socket:
        begin = await until(socket, "session.begin")
        await store.run(reach.ask_to_end, begin["session_id"])
        messages, code = await rest(socket)
    assert (messages[-1]["reason"], messages[-1]["recoverable"], code) == ("ended_by_operator", False, 1000)
    async with opened(server, key, PATH) as socket:
        await say(socket, speech(1))
        messages, code = await rest(socket)
    assert (messages[-2]["code"], messages[-1]["type"], code) == ("session_timeout", "session.end", 1000)
    assert messages[-1]["transcript"].split() == words_between(0, 1)


@pytest.mark.parametrize(
    ("path", "wrong_key", "error", "code"),
    [
        (PATH, True, "unauthorized", 4401),
        (f"{PATH}?resume_session_id=a.b", False, "invalid_session_id", 1008),
        (f"{PATH}?encoding=mp3", False, "invalid_parameters", 4400),
    ],
)
async def test_who_is_refused_hears_why(
    server: LiveServer, key: str, *, path: str, wrong_key: bool, error: str, code: int
) -> None:
    """A refusal is an error in this protocol's shape, then the contract's close code."""
    async with opened(server, "wrong" if wrong_key else key, path) as socket:
        messages, closed = await rest(socket)
    assert ([message["code"] for message in messages], closed) == ([error], code)
    assert messages[0]["recoverable"] is False
