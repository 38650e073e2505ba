"""The speakers' figures, against sums made the plain way."""

from __future__ import annotations

from math import isclose

import pytest
from hypothesis import given

from tests.transcription.streaming.talks import ALL_ON, chunk, talks, told
from transcription.streaming import (
    AnalyticsSnapshot,
    EventDetails,
    StreamChunk,
    StreamConfig,
    StreamEventType,
    StreamingSession,
)

A, B = "SPEAKER_00", "SPEAKER_01"


def figures(chunks: list[StreamChunk]) -> AnalyticsSnapshot:
    session, _ = told(chunks)
    snapshot = session.snapshot().analytics
    assert snapshot is not None
    return snapshot


def test_figures_of_a_small_talk() -> None:
    """Every figure of two speakers, by hand."""
    talk = [
        chunk(0.0, 2.0, "what is the price", A),
        chunk(4.0, 5.0, "and for how long", A),
        chunk(5.0, 6.0, "i was going to—", B),
        chunk(6.1, 9.0, "is that all?", A),
    ]
    snapshot = figures(talk)
    assert [speaker.to_json() for speaker in snapshot.speakers] == [
        {
            "speaker_id": A,
            "total_talk_time": 5.9,
            "talk_ratio": round(5.9 / 6.9, 4),
            "num_turns": 2,
            "avg_turn_duration": 3.95,
            "longest_monologue": 5.0,
            "interruptions_initiated": 1,
            "interruptions_received": 0,
            "question_turns": 2,
        },
        {
            "speaker_id": B,
            "total_talk_time": 1.0,
            "talk_ratio": round(1.0 / 6.9, 4),
            "num_turns": 1,
            "avg_turn_duration": 1.0,
            "longest_monologue": 1.0,
            "interruptions_initiated": 0,
            "interruptions_received": 1,
            "question_turns": 0,
        },
    ]


@given(talks())
def test_figures_add_up(chunks: list[StreamChunk]) -> None:
    """Talk times are the segments' lengths, ratios sum to one, and who interrupts is matched by who is."""
    session, _ = told(chunks)
    snapshot = session.snapshot().analytics
    segments = session.get_transcript().segments
    if snapshot is None:
        assert not segments
        return
    for speaker in snapshot.speakers:
        own = [item.end - item.start for item in segments if item.speaker_id == speaker.speaker_id]
        assert isclose(speaker.total_talk_time_s, sum(own), abs_tol=1e-9)
    ratios = [speaker.talk_ratio for speaker in snapshot.speakers if speaker.talk_ratio is not None]
    assert not ratios or isclose(sum(ratios), 1.0)
    named = [speaker for speaker in snapshot.speakers if speaker.speaker_id is not None]
    assert sum(s.interruptions_initiated or 0 for s in named) == sum(
        s.interruptions_received or 0 for s in named
    )
    assert sum(s.num_turns or 0 for s in named) == sum(t.speaker_id is not None for t in snapshot.turns)


def test_nothing_is_made_up_of_talk_without_a_speaker() -> None:
    """How much was said is known; how many turns, interruptions and questions is not."""
    [speaker] = figures([chunk(0.0, 2.0, "what is the price"), chunk(5.0, 6.0, "that")]).speakers
    assert speaker.to_json() == {
        "speaker_id": None, "total_talk_time": 3.0, "talk_ratio": 1.0, "num_turns": None,
        "avg_turn_duration": None, "longest_monologue": None, "interruptions_initiated": None,
        "interruptions_received": None, "question_turns": None,
    }  # fmt: skip


def test_talk_without_length_has_no_ratio() -> None:
    """Times that are all zero measure nothing."""
    [speaker] = figures([chunk(0.0, 0.0, "hello", A)]).speakers
    assert (speaker.total_talk_time_s, speaker.talk_ratio) == (0.0, None)


def test_analytics_are_final_when_the_turns_are() -> None:
    """`completeness.turns_final` is false until the stream has ended, and true then."""
    session = StreamingSession(ALL_ON)
    snapshots = []
    for item in (chunk(0.0, 1.0, "hello", A), chunk(1.0, 2.0, "hi", B), chunk(2.0, 3.0, "so", A)):
        snapshots += [e for e in session.ingest_chunk(item) if e.type is StreamEventType.ANALYTICS_SNAPSHOT]
    snapshots += [e for e in session.end_of_stream() if e.type is StreamEventType.ANALYTICS_SNAPSHOT]
    finals = [event.to_json()["completeness"]["turns_final"] for event in snapshots]
    assert finals == [False] * (len(finals) - 1) + [True]
    assert len(finals) == 4


@pytest.mark.parametrize("enabled", [False, True])
def test_figures_come_only_where_they_were_asked_for(enabled: bool) -> None:
    """Diarization alone gives turns and no figures."""
    config = StreamConfig(enable_diarization=True, enable_analytics=enabled)
    _, events = told([chunk(0.0, 1.0, "hello", A)], config)
    assert (StreamEventType.ANALYTICS_SNAPSHOT in {event.type for event in events}) is enabled
    assert any(isinstance(event.payload, EventDetails) for event in events)
