"""State from events equals the snapshot, whatever the order, however often, and without the partials."""

from __future__ import annotations

from functools import reduce
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.transcription.streaming.simulation import Faults, run, speak
from tests.transcription.streaming.talks import ALL_ON, chunk, talks, told
from transcription.streaming import (
    EventDetails,
    FinalSegment,
    PartialSegment,
    StreamChunk,
    StreamEvent,
    StreamEventType,
    StreamingSession,
    StreamState,
    apply,
)
from transcription.streaming.record import SessionRecord
from transcription.streaming.turns import StreamTurn


def subject(event: StreamEvent) -> PartialSegment | FinalSegment | StreamTurn | None:
    """The revised thing that an event is about."""
    if isinstance(event.payload, EventDetails):
        turn: StreamTurn | None = event.payload.get("turn")
        return turn
    return event.payload


def is_partial(event: StreamEvent) -> bool:
    return bool(getattr(subject(event), "partial", False))


@given(talks())
def test_state_from_events_equals_the_snapshot_after_every_call(chunks: list[StreamChunk]) -> None:
    """Whoever applies every event so far knows what the session knows, at any moment of it."""
    session, state = StreamingSession(ALL_ON), StreamState()
    for item in chunks:
        state = reduce(apply, session.ingest_chunk(item), state)
        assert state == session.snapshot()
    assert reduce(apply, session.end_of_stream(), state) == session.snapshot()


@given(talks(), st.data())
def test_events_in_any_order_and_without_partials_rebuild_the_snapshot(
    chunks: list[StreamChunk], data: st.DataObject
) -> None:
    """Doubled, shuffled, and with any of the partials left out: the ended session's state comes out."""
    session, events = told(chunks)
    kept = [event for event in events if not is_partial(event) or data.draw(st.booleans())]
    again = data.draw(st.lists(st.sampled_from(kept), max_size=10)) if kept else []
    state = reduce(apply, data.draw(st.permutations(kept + again)), StreamState())
    assert state == session.snapshot()


@given(
    st.lists(st.tuples(st.floats(0.12, 0.8), st.sampled_from([0.0, 0.2, 0.9])), min_size=1, max_size=25),
    st.floats(0.0, 0.8),
    st.data(),
)
def test_events_of_audio_in_any_order_rebuild_the_record(
    words: list[tuple[float, float]], unstable: float, data: st.DataObject
) -> None:
    """What the core says of speech, shuffled and without partials, is what a session keeps of it."""
    spoken = speak([length_s for length_s, _ in words], [pause_s for _, pause_s in words])
    events = run(spoken, faults=Faults(unstable=unstable, lost=0.2)).events
    record = SessionRecord(None)
    record.note(events)
    kept = [event for event in events if not is_partial(event) or data.draw(st.booleans())]
    state = reduce(apply, data.draw(st.permutations(kept)), StreamState())
    assert (state.segments, state.speaking) == (record.segments, record.speaking)
    assert reduce(apply, events, StreamState()).seq == record.next_seq - 1


@given(talks(), st.data())
def test_leaving_out_partials_never_corrupts_a_final(chunks: list[StreamChunk], data: st.DataObject) -> None:
    """At every moment the finals, final turns and figures are those of somebody who saw everything."""
    _, events = told(chunks)
    whole, less = StreamState(), StreamState()
    for event in events:
        whole = apply(whole, event)
        if not is_partial(event) or data.draw(st.booleans()):
            less = apply(less, event)
        assert less.finals == whole.finals
        assert less.analytics == whole.analytics
        assert {i: t for i, t in less.turns.items() if not t.partial} == {
            i: t for i, t in whole.turns.items() if not t.partial
        }


@given(talks())
def test_finals_never_change(chunks: list[StreamChunk]) -> None:
    """After `partial` false nothing is said of a segment or a turn again, and state keeps its finals."""
    _, events = told(chunks)
    finished = set[tuple[str, int]]()
    for event in events:
        if (about := subject(event)) is None:
            continue
        kind = "turn" if isinstance(about, StreamTurn) else "segment"
        number = about.segment.id if isinstance(about, FinalSegment) else about.id
        assert (kind, number) not in finished
        if not is_partial(event):
            finished.add((kind, number))
    states = list(accumulate(events, apply, initial=StreamState()))
    for before, after in pairwise(states):
        assert after.finals.items() >= before.finals.items()


@given(talks())
def test_revisions_grow_by_one(chunks: list[StreamChunk]) -> None:
    """Segments and turns count their revisions from 0, without a gap; `seq` counts the session's events."""
    _, events = told(chunks)
    assert [event.seq for event in events] == list(range(len(events)))
    latest = dict[tuple[str, int], int]()
    for event in events:
        if (about := subject(event)) is not None:
            kind = "turn" if isinstance(about, StreamTurn) else "segment"
            number = about.segment.id if isinstance(about, FinalSegment) else about.id
            assert about.revision == latest.get((kind, number), -1) + 1
            latest[kind, number] = about.revision


@given(talks())
def test_times_never_run_backwards(chunks: list[StreamChunk]) -> None:
    """Segments and turns are in order: each from its start to its end, none before the last one's end."""
    session, _ = told(chunks)
    state = session.snapshot()
    for items in (state.segments, tuple(state.turns.values())):
        times = [at_s for item in items for at_s in (item.start, item.end)]
        assert times == sorted(times)
        assert [item.id for item in items] == list(range(len(items)))


@given(talks())
def test_no_text_is_lost_or_doubled(chunks: list[StreamChunk]) -> None:
    """What was said is the segments' text, and the turns', in order."""
    session, _ = told(chunks)
    said = " ".join(item["text"] for item in chunks if item["text"])
    state = session.snapshot()
    assert session.get_transcript().text == said
    assert " ".join(turn.text for turn in state.turns.values() if turn.text) == said


def test_a_partial_that_was_taken_back_does_not_return() -> None:
    """An older revision that comes after the empty one stays unseen."""
    shown = StreamEvent(StreamEventType.PARTIAL_SEGMENT, 0, PartialSegment(0, 0.0, 1.0, "hello", 0))
    taken_back = StreamEvent(StreamEventType.PARTIAL_SEGMENT, 1, PartialSegment(0, 0.0, 1.0, "", 1))
    for order in ((shown, taken_back), (taken_back, shown)):
        assert reduce(apply, order, StreamState()).segments == ()


def test_what_is_open_is_marked_in_the_state() -> None:
    """An open segment is `partial` with its revision; a final is neither."""
    session = StreamingSession()
    session.ingest_chunk(chunk(0.0, 1.0, "one"))
    session.ingest_chunk(chunk(3.0, 4.0, "two"))
    session.ingest_chunk(chunk(4.0, 5.0, "three"))
    final, opened = session.snapshot().segments
    assert (final.partial, final.revision) == (False, None)
    assert (opened.partial, opened.revision, opened.text) == (True, 1, "two three")


def test_events_without_state_only_count() -> None:
    """An error moves `seq` on and nothing else."""
    event = StreamEvent(
        StreamEventType.ERROR, 3, EventDetails({"code": "media_gap", "message": "1..2 missing"})
    )
    assert apply(StreamState(), event) == StreamState(seq=3)
