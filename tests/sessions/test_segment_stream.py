"""The segment stream as frames: what a client may say, and exactly what it hears."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.media_order import MediaOrder
from sessions.meter import meter_of
from sessions.protocols.base import (
    Acknowledged,
    Announced,
    Audio,
    Complain,
    Configured,
    End,
    Failed,
    Frame,
    Info,
    InvalidMessage,
    Lagging,
    Notice,
    Opened,
    Pong,
    Silence,
    SpeechEnded,
    SpeechStarted,
)
from sessions.protocols.segment_stream import SegmentStreamCodec, read_start
from tests.sessions.test_codec import CONFIG, HEARD
from tests.sessions.test_transcription_stream import ENDED
from transcription.audio.formats import AudioFormat

SEGMENT_JSON = {
    "id": 3,
    "start": 1.5,
    "end": 2.5,
    "text": "good morning",
    "speaker_id": None,
    "words": [
        {"word": "good", "start": 1.5, "end": 2.0, "probability": 0.5},
        {"word": "morning", "start": 2.0, "end": 2.5, "probability": 1.0},
    ],
}
GOLDEN: list[tuple[Notice, dict[str, Any] | None]] = [
    (
        Opened("s-1", "c-1", "Hello.", CONFIG, False, 0, ""),
        {
            "type": "ready",
            "session_id": "s-1",
            "conversation_id": "c-1",
            "stream_version": 1,
            "features": {"diarization": False, "analytics": False, "semantics": False},
            "next_media_seq": 0,
        },
    ),
    (SpeechStarted(1.4), None),
    (
        replace(HEARD, is_final=False, revision=1, stable_chars=4),
        {
            "type": "partial_segment",
            "segment": {**SEGMENT_JSON, "stable_chars": 4, "partial": True, "revision": 1},
        },
    ),
    (SpeechEnded(2.65), None),
    (HEARD, {"type": "segment_finalized", "segment": {**SEGMENT_JSON, "partial": False, "revision": 2}}),
    (Acknowledged(3200, 0.1), {"type": "ack", "bytes_received": 3200, "audio_seconds": 0.1}),
    (Lagging(3.25), None),
    (Info("s-1", 0.5, 0, "", ()), None),
    (Pong(0.0), None),
    (Announced("Tea"), None),
    (Configured(CONFIG), None),
    (Failed("media_gap", "No."), {"type": "error", "code": "media_gap", "message": "No.", "fatal": False}),
    (Failed("rate_limit", "No."), {"type": "error", "code": "rate_limit", "message": "No.", "fatal": True}),
    (
        replace(ENDED, language="en", model="en-us", partials_coalesced=2),
        {
            "type": "done",
            "session_id": "s-1",
            "duration": 3.0,
            "speech_duration": 1.25,
            "language": "en",
            "model": "en-us",
            "device": None,
            "cache": {"hits": None, "misses": None},
            "segments": 1,
            "turns": None,
            "events_sent": 7,
            "partials_coalesced": 2,
            "conversation_id": "c-1",
        },
    ),
]


def started() -> SegmentStreamCodec:
    codec = SegmentStreamCodec()
    codec.order = MediaOrder(meter_of(AudioFormat()))
    return codec


def media(seq: int, offset: int, data: bytes) -> bytes:
    return seq.to_bytes(4, "big") + offset.to_bytes(8, "big") + data


def test_a_whole_conversation_as_frames() -> None:
    """Every notice becomes the frames of the contract, field by field, with a seq that grows by one."""
    codec = SegmentStreamCodec()
    said = [json.loads(f) for notice, _ in GOLDEN for f in codec.encode(notice, sent_at=0.0)]
    expected = [body for _, body in GOLDEN if body is not None]
    assert said == [{**body, "seq": seq} for seq, body in enumerate(expected)]


def test_words_stay_away_where_they_are_not_wanted() -> None:
    """With word_timestamps=false a segment has no words."""
    codec = SegmentStreamCodec()
    codec.encode(Opened("s", "c", "", replace(CONFIG, word_timestamps=False), False, 0, ""), sent_at=0.0)
    [frame] = codec.encode(HEARD, sent_at=0.0)
    assert "words" not in json.loads(frame)["segment"]


@pytest.mark.parametrize("reason", ["ended_by_operator", "max_duration"])
def test_an_end_that_was_not_asked_for(reason: str) -> None:
    """An operator's end and the longest duration are a fatal error, then done."""
    frames = [json.loads(f) for f in SegmentStreamCodec().encode(replace(ENDED, reason=reason), sent_at=0.0)]
    assert [(f["type"], f["seq"]) for f in frames] == [("error", 0), ("done", 1)]
    assert (frames[0]["code"], frames[0]["fatal"], frames[1]["events_sent"]) == (reason, True, 2)


def test_what_a_start_may_have() -> None:
    """JSON values become the parameters that a query would have, and the key stays out of them."""
    start = read_start(
        '{"type":"start","sample_rate":8000,"acks":true,"language":"de","vocabulary":["Ada"],"auth":"k"}'
    )
    assert start.auth == "k"
    assert start.query == {"sample_rate": "8000", "acks": "true", "language": "de", "vocabulary": '["Ada"]'}


@pytest.mark.parametrize(
    "frame",
    [
        b"\x00" * 20,
        "{}",
        "[]",
        '{"type":"stop"}',
        '{"type":"resume","last_seq":0}',
        '{"type":"resume","session_id":"s"}',
        '{"type":"resume","session_id":"s","last_seq":true}',
        '{"type":"resume","session_id":"s","last_seq":-2}',
        '{"type":"start","auth":7}',
        '{"type":"start","sample_rate":16000.5}',
        '{"type":"start","language":null}',
    ],
)
def test_what_is_no_start(frame: Frame) -> None:
    """Anything else than a well-formed start is invalid_message."""
    with pytest.raises(InvalidMessage):
        read_start(frame)


def test_media_in_both_forms() -> None:
    """Binary and base64 frames are one numbering; stop hears what waits, with the gap before it."""
    codec = started()
    assert codec.decode(media(0, 0, b"aaaa")) == [Audio(b"aaaa")]
    assert codec.decode('{"type":"media","seq":1,"offset":2,"data":"YmJiYg=="}') == [Audio(b"bbbb")]
    assert codec.decode(media(3, 6, b"dddd")) == []
    gap, silence, audio, end = codec.decode('{"type":"stop"}')
    assert isinstance(gap, Complain)
    assert gap.code == "media_gap"
    assert (silence, audio, end) == (Silence(4), Audio(b"dddd"), End())


def test_a_gap_is_reported_when_it_is_overdue() -> None:
    """After 2 s without the missing frame, and not before."""
    codec = started()
    codec.now_s = 10.0
    codec.decode(media(1, 2, b"bbbb"))
    assert codec.overdue(11.9) == []
    assert codec.overdue(12.0)[1:] == [Silence(4), Audio(b"bbbb")]


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x00" * 11,
        '{"type":"start"}',
        '{"type":"ping"}',
        '{"type":"media","seq":-1,"offset":0,"data":""}',
        '{"type":"media","seq":true,"offset":0,"data":""}',
        '{"type":"media","seq":0,"offset":18446744073709551616,"data":""}',
        '{"type":"media","seq":0,"offset":0,"data":"!"}',
        '{"type":"media","seq":0,"offset":0,"data":"é"}',
        '{"type":"media","seq":0,"offset":0}',
    ],
)
def test_what_it_may_not(frame: Frame) -> None:
    """A short header, a number out of its range and what is not base64 are one error, not a crash."""
    with pytest.raises(InvalidMessage):
        started().decode(frame)


@given(
    st.binary(max_size=40)
    | st.text()
    | st.fixed_dictionaries(
        {"type": st.sampled_from(["media", "start", "stop", "resume"])},
        optional={name: st.none() | st.integers() | st.text() for name in ("seq", "offset", "data", "auth")},
    ).map(json.dumps)
)
def test_no_frame_breaks_it(frame: Frame) -> None:
    """Any frame is commands or InvalidMessage, before the start and after it."""
    with suppress(InvalidMessage):
        read_start(frame)
    with suppress(InvalidMessage):
        started().decode(frame)


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.data())
def test_partials_may_be_left_out(finals: list[bool], data: st.DataObject) -> None:
    """State is built by (id, revision); leaving out partials, or applying twice, changes no final one."""
    codec = SegmentStreamCodec()
    events: list[dict[str, Any]] = []
    for segment_id, has_partial in enumerate(finals):
        revisions = [(0, False), (1, True)] if has_partial else [(0, True)]
        for revision, final in revisions:
            notice = replace(HEARD, segment_id=segment_id, revision=revision, is_final=final)
            events += [json.loads(frame) for frame in codec.encode(notice, sent_at=0.0)]
    assert [event["seq"] for event in events] == list(range(len(events)))
    kept = [e for e in events if e["type"] == "segment_finalized" or data.draw(st.booleans())]

    def final_state(seen: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
        state: dict[int, dict[str, Any]] = {}
        for segment in (event["segment"] for event in seen):
            known = state.get(segment["id"])
            if known is None or segment["revision"] > known["revision"]:
                state[segment["id"]] = segment
        return {key: segment for key, segment in state.items() if not segment["partial"]}

    assert final_state(kept) == final_state(events) == final_state(events + kept)
    assert len(final_state(kept)) == len(finals)
