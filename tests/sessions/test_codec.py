"""The native protocol as frames: what a client may say, and exactly what it hears."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.protocols.base import (
    Acknowledged,
    Announced,
    AskInfo,
    Audio,
    Configure,
    Configured,
    End,
    Ended,
    Failed,
    Heard,
    Info,
    Insight,
    InvalidMessage,
    Lagging,
    Notice,
    Opened,
    Ping,
    Pong,
    SessionConfig,
)
from sessions.protocols.transcribe import TranscribeCodec
from transcription.models import Word

CONFIG = SessionConfig(
    sample_rate_hz=16_000,
    channels=1,
    encoding="pcm_s16le",
    chunk_duration_s=2.0,
    overlap_duration_s=0.5,
    model="en-us",
    engine="pocketsphinx",
    language=None,
    interim_results=False,
    word_timestamps=True,
)
CONFIG_JSON = {
    "sample_rate": 16_000,
    "channels": 1,
    "encoding": "pcm_s16le",
    "chunk_duration": 2.0,
    "overlap_duration": 0.5,
    "whisper_model": "en-us",
    "engine": "pocketsphinx",
    "language": "auto",
}
HEARD = Heard(
    segment_id=3,
    revision=2,
    is_final=True,
    text="good morning",
    stable_chars=12,
    start_s=1.5,
    end_s=2.5,
    words=(Word("good", 1.5, 2.0, 0.5), Word("morning", 2.0, 2.5, 1.0)),
    confidence=0.75,
    avg_logprob=-0.25,
    no_speech_prob=None,
    compression_ratio=None,
    speaker_id=None,
    model="en-us",
    chunk_index=3,
    processing_time_ms=12.34,
    session_time_s=3.0,
    audio_size_bytes=32_000,
    received_at=1000.0,
)
HEARD_JSON = {
    "type": "transcript",
    "text": "good morning",
    "is_final": True,
    "stable_chars": 12,
    "confidence": 0.75,
    "model_used": "en-us",
    "start_time": 1.5,
    "end_time": 2.5,
    "segment_id": 3,
    "revision": 2,
    "speaker_id": None,
    "segments": [
        {
            "id": 3,
            "start": 1.5,
            "end": 2.5,
            "text": "good morning",
            "avg_logprob": -0.25,
            "no_speech_prob": None,
            "compression_ratio": None,
            "words": [
                {"word": "good", "start": 1.5, "end": 2.0, "probability": 0.5},
                {"word": "morning", "start": 2.0, "end": 2.5, "probability": 1.0},
            ],
        }
    ],
    "chunk_index": 3,
    "processing_time_ms": 12.3,
    "session_time": 3.0,
    "audio_duration": 1.0,
    "audio_size_bytes": 32_000,
    "latency_ms": 250.0,
}
SAID: list[tuple[Notice, dict[str, Any]]] = [
    (
        Opened("s-1", "c-1", "Connected.", CONFIG, resumed=True, next_byte=64, transcript="hello"),
        {
            "type": "connected",
            "session_id": "s-1",
            "conversation_id": "c-1",
            "message": "Connected.",
            "config": CONFIG_JSON,
            "resumed": True,
            "next_byte": 64,
            "transcript": "hello",
        },
    ),
    (HEARD, HEARD_JSON),
    (Acknowledged(3200, 0.1), {"type": "ack", "bytes_received": 3200, "audio_seconds": 0.1}),
    (
        Info("s-1", 0.5, 0, "", (("chunks_processed", 0), ("avg_processing_time_ms", None))),
        {
            "type": "session_info",
            "session_id": "s-1",
            "connected_at": "1970-01-01T00:00:00.500+00:00",
            "total_chunks": 0,
            "full_transcript": "",
            "metrics": {"chunks_processed": 0, "avg_processing_time_ms": None},
        },
    ),
    (Pong(12.5), {"type": "pong", "server_time": 12.5}),
    (
        Configured(CONFIG),
        {
            "type": "config_updated",
            "config": {**CONFIG_JSON, "interim_results": False, "word_timestamps": True},
        },
    ),
    (Announced("Tea"), {"type": "announcement", "message": "Tea"}),
    (
        Insight("intent", "question", (4,), "rules"),
        {
            "type": "insight",
            "kind": "intent",
            "text": "question",
            "segment_ids": [4],
            "engine": "rules",
        },
    ),
    (
        Lagging(3.25),
        {
            "type": "warning",
            "code": "processing_lag",
            "message": "The transcript is 3.2 s behind the audio; no audio is lost.",
            "lag_seconds": 3.25,
        },
    ),
    (
        Ended("s-1", "c-1", "Over.", "end_session", "hello", 2.0, None),
        {
            "type": "session_ended",
            "session_id": "s-1",
            "message": "Over.",
            "reason": "end_session",
            "full_transcript": "hello",
            "total_duration": 2.0,
            "conversation_id": "c-1",
            "enhancement_job_id": None,
            "status_url": "/api/v1/conversations/c-1",
        },
    ),
    (
        Failed("invalid_message", "No.", chunk_index=2, session_time_s=1.0),
        {
            "type": "error",
            "code": "invalid_message",
            "message": "No.",
            "chunk_index": 2,
            "session_time": 1.0,
        },
    ),
    (Failed("rate_limit", "No."), {"type": "error", "code": "rate_limit", "message": "No."}),
]


@pytest.mark.parametrize(("notice", "expected"), SAID)
def test_every_notice_has_exactly_its_fields(notice: Notice, expected: dict[str, Any]) -> None:
    """A notice becomes one text frame with the fields of the contract and no others."""
    (frame,) = TranscribeCodec().encode(notice, sent_at=1000.25)
    assert isinstance(frame, str)
    assert json.loads(frame) == expected


def test_words_stay_away_where_they_are_not_wanted() -> None:
    """word_timestamps=false leaves the words of a segment out from then on."""
    codec = TranscribeCodec()
    config = Configured(SessionConfig(16_000, 1, "pcm_s16le", 2.0, 0.5, None, None, None, False, False))
    codec.encode(config, sent_at=0.0)
    (frame,) = codec.encode(HEARD, sent_at=1000.0)
    assert json.loads(frame)["segments"][0]["words"] == []


@pytest.mark.parametrize(
    ("frame", "commands"),
    [
        (b"\x00\x01\x02", (Audio(b"\x00\x01\x02"),)),
        (b"", ()),
        ('{"type":"ping"}', (Ping(),)),
        ('{"type":"session_info"}', (AskInfo(),)),
        ('{"type":"end_session"}', (End(),)),
        ('{"type":"config"}', (Configure(()),)),
        (
            '{"type":"config","language":"auto","interim_results":true,"vocabulary":["Ada"]}',
            (Configure((("language", None), ("vocabulary", ("Ada",)), ("interim_results", True))),),
        ),
    ],
)
def test_what_a_client_may_say(frame: str | bytes, commands: tuple[Any, ...]) -> None:
    """Each frame of the contract is its command; an empty one is nothing."""
    assert TranscribeCodec().decode(frame) == commands


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"config","language":7}',
        '{"type":"config","interim_results":"yes"}',
        '{"type":"config","vocabulary":"Ada"}',
        '{"type":["ping"]}',
        '{"type":null}',
        "{}",
        "null",
        "1" * 10_000,
        "[" * 100_000,
    ],
)
def test_what_it_may_not(frame: str) -> None:
    """A wrong type, a missing one and what is no object are one error, not a crash."""
    with pytest.raises(InvalidMessage):
        TranscribeCodec().decode(frame)


@given(
    st.one_of(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ).map(json.dumps),
    )
)
def test_no_text_breaks_it(frame: str) -> None:
    """Any text is a command or InvalidMessage."""
    with suppress(InvalidMessage):
        TranscribeCodec().decode(frame)
