"""Turns: consecutive final segments of one speaker."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given

from tests.transcription.streaming.talks import chunk, talks, told
from transcription.models import Segment
from transcription.streaming import StreamChunk, StreamConfig, StreamEventType, StreamingSession
from transcription.streaming.turns import StreamTurn, TurnTracker

A, B = "SPEAKER_00", "SPEAKER_01"


def segment(
    number: int, start_s: float, end_s: float, speaker_id: str | None, text: str = "words"
) -> Segment:
    return Segment(number, start_s, end_s, text, speaker_id)


def turns_of(*segments: Segment) -> tuple[StreamTurn, ...]:
    tracker = TurnTracker()
    for item in segments:
        tracker.add(item)
    tracker.close()
    return tracker.turns


@given(talks())
def test_turns_take_every_final_segment_once(chunks: list[StreamChunk]) -> None:
    """The turns' segments are all segments, in order; neighbours differ in speaker; each turn has one."""
    session, _ = told(chunks)
    segments, turns = session.get_transcript().segments, list(session.snapshot().turns.values())
    assert [i for turn in turns for i in turn.segment_ids] == [item.id for item in segments]
    assert all({segments[i].speaker_id for i in turn.segment_ids} == {turn.speaker_id} for turn in turns)
    assert all(one.speaker_id != other.speaker_id for one, other in pairwise(turns))
    assert not any(turn.partial for turn in turns)


def test_a_turn_is_open_while_a_speaker_boundary_is_pending() -> None:
    """Another speaker's partial closes no turn; once that segment is final, or the stream ends, it is."""
    session = StreamingSession(StreamConfig(enable_diarization=True))
    session.ingest_chunk(chunk(0.0, 1.0, "hello", A))
    events = session.ingest_chunk(chunk(1.0, 2.0, "hi", B))
    assert [event.type.value for event in events] == [
        "segment_finalized", "partial_segment", "turn_updated",
    ]  # fmt: skip
    assert [turn.partial for turn in session.snapshot().turns.values()] == [True]
    session.ingest_chunk(chunk(2.0, 3.0, "so", A))
    assert [turn.partial for turn in session.snapshot().turns.values()] == [False, True]
    session.end_of_stream()
    assert [turn.partial for turn in session.snapshot().turns.values()] == [False] * 3


def test_a_turn_grows_over_a_long_pause_of_one_speaker() -> None:
    """Two segments of one speaker are one turn, from the first's start to the last's end."""
    [turn] = turns_of(segment(0, 1.0, 2.0, A, "one"), segment(1, 9.0, 10.0, A, "two"))
    assert turn.to_json() == {
        "id": 0, "speaker_id": A, "start": 1.0, "end": 10.0, "segment_ids": [0, 1], "text": "one two",
        "partial": False, "revision": 2,
    }  # fmt: skip
    assert turn.talk_time_s == 2.0


@pytest.mark.parametrize("speaker_id", [None, A])
def test_segments_without_a_speaker_are_nobodys_turn(speaker_id: str | None) -> None:
    """A run of segments without a speaker is one turn whose speaker is not made up."""
    turns = turns_of(segment(0, 0.0, 1.0, None), segment(1, 1.0, 2.0, None), segment(2, 2.0, 3.0, speaker_id))
    assert turns[0].speaker_id is None
    assert len(turns) == (1 if speaker_id is None else 2)


@pytest.mark.parametrize(
    ("before", "after", "interrupts"),
    [
        (segment(0, 0.0, 5.0, A), segment(1, 4.0, 6.0, B), True),
        (segment(0, 0.0, 5.0, A), segment(1, 4.7, 6.0, B), False),
        (segment(0, 0.0, 5.0, A), segment(1, 4.0, 4.6, B, "mm-hm"), False),
        (segment(0, 0.0, 5.0, A, "i was going to—"), segment(1, 5.1, 6.0, B), True),
        (segment(0, 0.0, 5.0, A, "i was going to—"), segment(1, 5.5, 6.0, B), False),
        (segment(0, 0.0, 5.0, A, "i was done"), segment(1, 5.0, 6.0, B), False),
        (segment(0, 0.0, 5.0, None), segment(1, 4.0, 6.0, B), False),
        (segment(0, 0.0, 5.0, A), segment(1, 4.0, 6.0, None), False),
    ],
    ids=["over", "at the end", "listening aloud", "broken off", "trailing off", "in turn", "after?", "by?"],
)
def test_interruptions(before: Segment, after: Segment, interrupts: bool) -> None:
    """Breaking in is talk over the other's for 0.5 s and on, or at once after a word that was broken off."""
    assert [turn.interrupts for turn in turns_of(before, after)] == [False, interrupts]


def test_an_overlap_counts_once_the_turn_is_long_enough() -> None:
    """What began over the other's talk is an interruption only when it goes on, in a later segment too."""
    turns = turns_of(segment(0, 0.0, 5.0, A), segment(1, 4.0, 4.5, B), segment(2, 5.0, 7.0, B))
    assert [turn.interrupts for turn in turns] == [False, True]


def test_turns_are_told_only_where_they_were_asked_for() -> None:
    """Neither diarization nor analytics: segments alone."""
    _, events = told([chunk(0.0, 1.0, "hello", A), chunk(1.0, 2.0, "hi", B)], StreamConfig())
    assert {event.type for event in events} == {
        StreamEventType.PARTIAL_SEGMENT, StreamEventType.FINAL_SEGMENT,
    }  # fmt: skip
