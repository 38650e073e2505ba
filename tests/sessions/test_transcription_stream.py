"""The transcription stream as frames: what a client may say, and exactly what it hears."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.limits import LAG_PATIENCE_S, LagRule
from sessions.pending import Mark, Pending
from sessions.protocols.base import (
    Acknowledged,
    Announced,
    Audio,
    Clear,
    Configure,
    Configured,
    End,
    Ended,
    Failed,
    FinalText,
    Flush,
    Frame,
    Info,
    InvalidMessage,
    Lagging,
    Notice,
    Opened,
    Pong,
    SpeechEnded,
    SpeechStarted,
)
from sessions.protocols.transcription_stream import TranscriptionStreamCodec
from tests.sessions.test_codec import CONFIG, HEARD

ENDED = Ended(
    "s-1",
    "c-1",
    "Over.",
    "end_session",
    "good morning",
    3.0,
    None,
    session_duration_s=3.5,
    speech_s=1.25,
    finals=(FinalText(1.5, 2.5, "good morning"),),
    lag_s=0.25,
)
BEGIN_JSON = {
    "type": "session.begin",
    "session_id": "s-1",
    "conversation_id": "c-1",
    "config": {
        "sample_rate": 16_000,
        "encoding": "pcm_s16le",
        "channels": 1,
        "language": "auto",
        "model": "en-us",
    },
}
FINAL_JSON = {
    "type": "transcript.final",
    "text": "good morning",
    "start": 1.5,
    "end": 2.5,
    "confidence": 0.75,
}
END_JSON = {
    "type": "session.end",
    "session_id": "s-1",
    "total_duration": 3.5,
    "total_audio_seconds": 3.0,
    "total_speech_duration": 1.25,
    "transcript": "good morning",
    "segments": [{"start": 1.5, "end": 2.5, "text": "good morning"}],
    "enhancement_job_id": None,
}
TERMINATED_JSON = {
    "type": "session.terminated",
    "session_id": "s-1",
    "reason": "lag_exceeded",
    "recoverable": True,
    "last_transcript_offset_ms": 2500,
    "recovery_hint": {"action": "new_session", "buffer_window_ms": 500, "retry_after_ms": 250},
}
GOLDEN: list[tuple[Notice, list[dict[str, Any]]]] = [
    (
        Opened("s-1", "c-1", "Hello.", replace(CONFIG, word_timestamps=False), False, 0, ""),
        [BEGIN_JSON],
    ),
    (SpeechStarted(1.4), [{"type": "vad.speech_start", "timestamp": 1.4}]),
    (
        replace(HEARD, is_final=False, text="good", stable_chars=4, end_s=2.0),
        [{"type": "transcript.partial", "text": "good", "start": 1.5, "end": 2.0, "stable_chars": 4}],
    ),
    (SpeechEnded(2.65), [{"type": "vad.speech_end", "timestamp": 2.65}]),
    (HEARD, [FINAL_JSON]),
    (Acknowledged(3200, 0.1), [{"type": "ack", "bytes_received": 3200, "audio_seconds": 0.1}]),
    (
        Lagging(3.25),
        [
            {
                "type": "warning",
                "code": "processing_lag",
                "message": "The transcript is 3.2 s behind the audio; no audio is lost.",
                "lag_seconds": 3.25,
                "warning_threshold_seconds": 3.0,
                "hard_threshold_seconds": 5.0,
            }
        ],
    ),
    (Info("s-1", 0.5, 0, "", ()), []),
    (Pong(0.0), []),
    (Announced("Tea"), []),
    (Configured(CONFIG), []),
    (
        Failed("invalid_message", "No."),
        [{"type": "error", "code": "invalid_message", "message": "No.", "recoverable": True}],
    ),
    (
        Failed("rate_limit", "No."),
        [{"type": "error", "code": "rate_limit", "message": "No.", "recoverable": False}],
    ),
    (ENDED, [END_JSON]),
]


def frames_of(codec: TranscriptionStreamCodec, notice: Notice) -> list[dict[str, Any]]:
    return [json.loads(frame) for frame in codec.encode(notice, sent_at=1000.0)]


def test_a_whole_conversation_as_frames() -> None:
    """Every notice of a session becomes the frames of the contract, field by field, and no others."""
    codec = TranscriptionStreamCodec()
    for notice, expected in GOLDEN:
        assert frames_of(codec, notice) == expected


@pytest.mark.parametrize(
    ("notice", "expected"),
    [
        (
            Opened("s-1", "c-1", "Hello.", CONFIG, True, 64, "hello"),
            [{**BEGIN_JSON, "resumed_from": "s-1", "next_byte": 64}],
        ),
        (replace(ENDED, keeps_audio=True), [{**END_JSON, "audio_uri": "/api/v1/conversations/c-1/audio"}]),
        (
            replace(ENDED, reason="lag_exceeded"),
            [
                {"type": "error", "code": "lag_exceeded", "message": "Over.", "recoverable": True},
                TERMINATED_JSON,
            ],
        ),
        (
            replace(ENDED, reason="ended_by_operator", finals=()),
            [
                {
                    "type": "session.terminated",
                    "session_id": "s-1",
                    "reason": "ended_by_operator",
                    "recoverable": False,
                }
            ],
        ),
        (
            replace(ENDED, reason="max_duration"),
            [
                {"type": "error", "code": "session_timeout", "message": "Over.", "recoverable": False},
                END_JSON,
            ],
        ),
    ],
)
def test_other_begins_and_ends(notice: Notice, expected: list[dict[str, Any]]) -> None:
    """Resuming, stored audio, giving up for lag, an operator's end and the longest duration each say so."""
    assert frames_of(TranscriptionStreamCodec(), notice) == expected


def test_words_come_where_they_are_asked_for() -> None:
    """With word_timestamps=true a final has its words with their confidence."""
    codec = TranscriptionStreamCodec()
    codec.encode(Opened("s-1", "c-1", "", CONFIG, False, 0, ""), sent_at=0.0)
    [final] = frames_of(codec, HEARD)
    assert final == {
        **FINAL_JSON,
        "words": [
            {"word": "good", "start": 1.5, "end": 2.0, "confidence": 0.5},
            {"word": "morning", "start": 2.0, "end": 2.5, "confidence": 1.0},
        ],
    }


@pytest.mark.parametrize(("language", "errors"), [("de-CH", 1), ("en-GB", 0), (None, 0)])
def test_a_language_that_the_engine_does_not_read(language: str | None, errors: int) -> None:
    """Asked for at the start or later, it is an error with its reason; the session goes on."""
    config = replace(CONFIG, language=language, languages=frozenset({"en"}))
    codec = TranscriptionStreamCodec()
    opened = frames_of(codec, Opened("s-1", "c-1", "", config, False, 0, ""))[1:]
    assert opened == frames_of(codec, Configured(config))
    assert [(e["code"], e["recoverable"]) for e in opened] == [("language_unsupported", True)] * errors


@pytest.mark.parametrize(
    ("frame", "commands"),
    [
        (b"\x00\x01\x02", (Audio(b"\x00\x01\x02"),)),
        (b"", ()),
        ('{"type":"flush"}', (Flush(),)),
        ('{"type":"clear"}', (Clear(),)),
        ('{"type":"end"}', (End(),)),
        ('{"type":"config"}', (Configure(()),)),
        (
            '{"type":"config","language":"auto","vad_threshold":0.6,"min_silence_duration_ms":300,'
            '"prefix_padding_ms":200}',
            (
                Configure(
                    (
                        ("language", None),
                        ("vad_threshold", 0.6),
                        ("min_silence_duration_ms", 300),
                        ("prefix_padding_ms", 200),
                    )
                ),
            ),
        ),
    ],
)
def test_what_a_client_may_say(frame: Frame, commands: tuple[Any, ...]) -> None:
    """Each frame of the contract is its command; an empty one is nothing."""
    assert TranscriptionStreamCodec().decode(frame) == commands


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"config","language":7}',
        '{"type":"config","vad_threshold":"0.5"}',
        '{"type":"config","vad_threshold":true}',
        '{"type":"config","vad_threshold":NaN}',
        '{"type":"config","min_silence_duration_ms":300.5}',
        '{"type":"config","min_silence_duration_ms":63}',
        '{"type":"config","prefix_padding_ms":-1}',
        '{"type":"end_session"}',
        '{"type":["end"]}',
        "null",
        "[" * 100_000,
    ],
)
def test_what_it_may_not(frame: str) -> None:
    """A wrong type, a value out of its range and what is no object are one error, not a crash."""
    with pytest.raises(InvalidMessage):
        TranscriptionStreamCodec().decode(frame)


@given(
    st.one_of(
        st.text(),
        st.fixed_dictionaries(
            {"type": st.just("config")},
            optional={
                name: st.none()
                | st.booleans()
                | st.floats()
                | st.integers()
                | st.text()
                | st.lists(st.none())
                for name in ("language", "vad_threshold", "min_silence_duration_ms", "prefix_padding_ms")
            },
        ).map(json.dumps),
    )
)
def test_no_text_breaks_it(frame: str) -> None:
    """Any text is a command or InvalidMessage."""
    with suppress(InvalidMessage):
        TranscriptionStreamCodec().decode(frame)


def test_lag_is_borne_for_its_patience_and_no_longer() -> None:
    """Only a lag that stays past the threshold breaks the rule; one that was caught up counts afresh."""
    rule = LagRule(5.0)
    assert not rule.is_broken(5.0, 10.0)
    assert rule.next_s == 10.0 + LAG_PATIENCE_S
    assert not rule.is_broken(4.9, 11.0)
    assert rule.next_s is None
    assert not rule.is_broken(6.0, 11.5)
    assert not rule.is_broken(7.0, 11.5 + LAG_PATIENCE_S - 0.1)
    assert rule.is_broken(7.0, 11.5 + LAG_PATIENCE_S)


@given(st.lists(st.binary(max_size=9) | st.sampled_from(Mark), max_size=20), st.integers(1, 12))
def test_marks_keep_their_place_in_the_audio(items: list[bytes | Mark], most_bytes: int) -> None:
    """However it is taken out, what waits comes in order, in pieces of at most the size asked for."""
    pending = Pending()
    until_s = 0.0
    for item in items:
        if isinstance(item, bytes):
            until_s += len(item)
            pending.put_audio(item, until_s)
        else:
            pending.put_mark(item)
    taken: list[int | Mark] = []
    while pending:
        data = pending.take_audio(most_bytes)
        assert len(data) <= most_bytes
        taken += data
        if mark := pending.take_mark():
            taken.append(mark)
    expected = [part for item in items for part in (item if isinstance(item, bytes) else [item])]
    assert taken == expected
