"""The rules of the library's contract that the streaming session itself has to keep, each by name."""

from __future__ import annotations

import json
from functools import reduce
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

import transcription.streaming as library
from tests.transcription.streaming.clock_engine import Clock
from tests.transcription.streaming.talks import ALL_ON, chunk, talks, told
from transcription.audio.files import decode_file
from transcription.engines.base import SAMPLE_RATE_HZ, Samples
from transcription.errors import EngineFailed
from transcription.models import Transcript
from transcription.streaming import (
    PartialSegment,
    Segment,
    StreamChunk,
    StreamConfig,
    StreamEvent,
    StreamEventType,
    StreamingSession,
    StreamMeta,
    StreamSegment,
    StreamState,
    apply,
)

CALL = Path(__file__).parents[3] / "ambient" / "demo" / "call.flac"
A, B = "SPEAKER_00", "SPEAKER_01"


@pytest.fixture(scope="module")
def call() -> Samples:
    return decode_file(CALL)[: 15 * SAMPLE_RATE_HZ]


def heard(samples: Samples, config: StreamConfig = ALL_ON) -> tuple[StreamingSession, list[StreamEvent]]:
    """A session that has had the audio, in chunks of 0.25 s, and its events."""
    session = StreamingSession(config, Clock())
    events = [session.start()]
    for seq, at in enumerate(range(0, len(samples), SAMPLE_RATE_HZ // 4)):
        events += session.process_audio(samples[at : at + SAMPLE_RATE_HZ // 4], seq=seq)
    return session, [*events, session.stop()]


def test_names_of_the_contract() -> None:
    """Every name is there, event types under both names of a final, with the values of the wire."""
    assert {name: kind.value for name, kind in StreamEventType.__members__.items()}.items() >= {
        "READY": "ready", "PARTIAL_SEGMENT": "partial_segment", "SEGMENT_FINALIZED": "segment_finalized",
        "FINAL_SEGMENT": "segment_finalized", "TURN_UPDATED": "turn_updated",
        "ANALYTICS_SNAPSHOT": "analytics_snapshot", "ERROR": "error", "DONE": "done",
    }.items()  # fmt: skip
    assert all(hasattr(library, name) for name in library.__all__)
    config = StreamConfig()
    assert (config.max_gap_sec, config.sample_rate, config.language) == (1.0, 16_000, None)
    assert not any((config.enable_diarization, config.enable_analytics, config.enable_semantics))
    meta = StreamMeta("s", 3, features={"analytics": True})
    assert (meta.session_id, meta.seq, meta.stream_version) == ("s", 3, 1)
    assert StreamMeta.from_json(meta.to_json()) == meta
    assert StreamSegment(0.0, 1.0, "hello").speaker_id is None


def test_finalize_keeps_what_the_partial_knows() -> None:
    """`PartialSegment.finalize()` is the segment as it would be if nothing more came."""
    partial = PartialSegment(id=3, start_s=1.0, end_s=2.0, text="hello", revision=4, speaker_id=A)
    segment = partial.finalize()
    assert isinstance(segment, Segment)
    assert (segment.id, segment.start, segment.end, segment.text, segment.speaker_id) == (
        3, 1.0, 2.0, "hello", A,
    )  # fmt: skip
    assert (segment.partial, segment.revision) == (False, None)


@given(talks())
def test_a_chunk_gives_at_most_one_final_then_exactly_one_partial(chunks: list[StreamChunk]) -> None:
    """Of segments there is nothing else, and what was asked for beyond them comes after."""
    session = StreamingSession(ALL_ON)
    for item in chunks:
        kinds = [event.type for event in session.ingest_chunk(item)]
        at = kinds.index(StreamEventType.PARTIAL_SEGMENT)
        assert kinds[:at] in ([], [StreamEventType.FINAL_SEGMENT])
        assert set(kinds[at + 1 :]) <= {StreamEventType.TURN_UPDATED, StreamEventType.ANALYTICS_SNAPSHOT}


@pytest.mark.parametrize(
    ("start", "end"), [(-1.0, 1.0), (2.0, 1.0), (0.0, float("nan")), (float("inf"), float("inf"))]
)
def test_times_that_cannot_be_are_refused(start: float, end: float) -> None:
    """A chunk before the beginning, of negative length or without a number for a time is an error."""
    with pytest.raises(ValueError, match="a chunk from"):
        StreamingSession().ingest_chunk(chunk(start, end, "hello"))


def test_text_and_audio_do_not_share_a_session() -> None:
    """The one that came second is refused."""
    session = StreamingSession(engine=Clock())
    session.ingest_chunk(chunk(0.0, 1.0, "hello"))
    with pytest.raises(RuntimeError, match="started"):
        session.start()
    session.end_of_stream()
    session.start()
    with pytest.raises(RuntimeError, match="audio"):
        session.ingest_chunk(chunk(0.0, 1.0, "hello"))


def test_audio_state_from_events_equals_the_snapshot(call: Samples) -> None:
    """With everything asked for, the events rebuild the state: DONE has what the stop made final."""
    session, events = heard(call)
    without_partials = [e for e in events if e.type is not StreamEventType.PARTIAL_SEGMENT]
    for kept in (events, events[::-1], without_partials, [*events, *events]):
        assert reduce(apply, kept, StreamState()) == session.snapshot()
    assert session.snapshot().segments == session.get_transcript().segments
    assert session.snapshot().segments


def test_features_say_what_is_on(call: Samples) -> None:
    """Audio has nobody who tells speakers apart, whatever was asked for; its turns have no speaker."""
    session, events = heard(call)
    assert events[0].payload["features"] == {  # type: ignore[index]
        "diarization": False, "analytics": True, "semantics": True,
    }  # fmt: skip
    assert {turn.speaker_id for turn in session.snapshot().turns.values()} == {None}
    assert session.get_transcript().meta["stream"]["features"]["diarization"] is False


@pytest.mark.parametrize(("speaker_id", "known"), [(None, False), (A, True)])
def test_speakers_of_text_are_those_that_chunks_name(speaker_id: str | None, known: bool) -> None:
    """Diarization is on once a chunk has named a speaker."""
    session, _ = told([chunk(0.0, 1.0, "hello", speaker_id)])
    assert session.get_transcript().meta["stream"]["features"]["diarization"] is known


def test_meaning_is_on_for_english_alone() -> None:
    """Finals get their annotation; in another language the feature is off and nothing is annotated."""
    for language, annotated in (("en", True), (None, True), ("sw", False)):
        config = StreamConfig(enable_semantics=True, language=language)
        session, events = told([chunk(0.0, 1.0, "what is the price")], config)
        transcript = session.get_transcript()
        assert transcript.meta["stream"]["features"]["semantics"] is annotated
        assert ("semantic" in transcript.segments[0].annotations) is annotated
        assert ("annotations" in events[-1].to_json()) is annotated
    assert events[0].to_json()["type"] == "partial_segment"


def test_done_carries_what_the_stop_made_final(call: Samples) -> None:
    """Its segments are those that no event before it had, its totals are of the whole session."""
    session, events = heard(call)
    done = events[-1].payload
    before = [event.segment for event in events if event.type is StreamEventType.FINAL_SEGMENT]
    segments = session.get_transcript().segments
    assert [*before, *done["segments"]] == list(segments)  # type: ignore[index]
    assert done["segments"]  # type: ignore[index]
    assert done["segments_total"] == len(segments)  # type: ignore[index]
    assert done["duration"] == len(call) / SAMPLE_RATE_HZ  # type: ignore[index]
    assert done["analytics"].turns_final  # type: ignore[index]
    assert events[-1].payload.text == " ".join(s.text for s in done["segments"])  # type: ignore[index]


def test_every_event_has_text_and_is_json(call: Samples) -> None:
    """`event.payload.text` is there for each, and each turns into a frame with its type and number."""
    _, events = heard(call)
    for event in events:
        assert isinstance(event.payload.text, str)
        frame = json.loads(json.dumps(event.to_json()))
        assert (frame["type"], frame["seq"]) == (event.type.value, event.seq)


def test_frames_have_the_fields_of_the_segment_stream() -> None:
    """Partial, final with meaning, turn and figures, as stream_version 1 names them."""
    _, events = told([chunk(0.0, 1.0, "what is the price", A)])
    partial, final, turn_open, _, turn, figures = (event.to_json() for event in events)
    assert partial["segment"] == {
        "id": 0, "start": 0.0, "end": 1.0, "text": "what is the price", "speaker_id": A, "partial": True,
        "revision": 0, "stable_chars": 17,
    }  # fmt: skip
    assert (final["type"], final["segment"]["partial"], final["segment"]["revision"]) == (
        "segment_finalized", False, 1,
    )  # fmt: skip
    assert set(final["annotations"]) == {"keywords", "intent", "risk_tags", "actions"}
    assert (turn_open["turn"]["partial"], turn["turn"]["partial"]) == (True, False)
    assert figures["completeness"] == {"turns_final": True}
    assert set(figures) == {"type", "seq", "speakers", "turns", "completeness"}


def test_live_transcript_marks_what_is_open() -> None:
    """The v2 document of a live session has `partial` items; a reader that skips them sees finals only."""
    session = StreamingSession()
    session.ingest_chunk(chunk(0.0, 1.0, "one"))
    session.ingest_chunk(chunk(3.0, 4.0, "two"))
    document = session.get_transcript(partials=True).to_json()
    assert [item.get("partial", False) for item in document["segments"]] == [False, True]
    assert document["segments"][1]["revision"] == 0
    assert Transcript.from_json(document).finals == session.get_transcript().segments
    stream = document["meta"]["stream"]
    assert set(stream) == {"session_id", "seq", "stream_version", "start_at", "features"}
    assert (stream["session_id"], stream["stream_version"]) == (session.session_id, 1)
    assert stream["seq"] == 3


@given(talks())
def test_transcript_goes_through_v2_json(chunks: list[StreamChunk]) -> None:
    """What a session leaves reads back as it was."""
    transcript = told(chunks)[0].get_transcript()
    assert Transcript.from_json(json.loads(json.dumps(transcript.to_json()))) == transcript


def test_stop_after_a_broken_engine_ends() -> None:
    """An error that nobody expected reaches the caller, and `stop` asks again instead of waiting for ever."""

    class Broken(Clock):
        def decode(self, windows):  # type: ignore[no-untyped-def]
            raise RuntimeError("a bug")

    session = StreamingSession(engine=Broken())
    session.start()
    speech = decode_file(CALL)[: 10 * SAMPLE_RATE_HZ]
    with pytest.raises(RuntimeError, match="a bug"):
        session.process_audio(speech)
    with pytest.raises(RuntimeError, match="a bug"):
        session.stop()
    assert session.metrics.report()["decodes_failed"] == 2


def test_a_broken_engine_that_is_mended_costs_no_word(call: Samples) -> None:
    """The chunk that an error came with is not lost: who goes on has the whole transcript."""
    session = StreamingSession(engine=Clock(failures=1, retryable=False))
    session.start()
    with pytest.raises(EngineFailed):
        session.process_audio(call[: 5 * SAMPLE_RATE_HZ], seq=0)
    assert session.process_audio(call[: 5 * SAMPLE_RATE_HZ], seq=0) == []
    for at in range(5, 15):
        session.process_audio(call[at * SAMPLE_RATE_HZ : (at + 1) * SAMPLE_RATE_HZ], seq=at - 4)
    done = session.stop()
    assert done.payload["duration"] == 15.0  # type: ignore[index]
    assert session.get_transcript().text == heard(call, StreamConfig())[0].get_transcript().text


@pytest.mark.parametrize(
    "audio", [np.zeros(160, np.int16), np.zeros((160, 2), np.float32)], ids=["integers", "two channels"]
)
def test_samples_of_another_kind_are_refused(audio: Samples) -> None:
    """Integers, or more than one channel, are an error and not noise."""
    session = StreamingSession(engine=Clock())
    session.start()
    with pytest.raises(ValueError, match="samples are floats"):
        session.process_audio(audio)
    assert session.process_audio(np.zeros(160, np.float32)) == []


def test_counters_of_an_audio_session(call: Samples) -> None:
    """Audio, decodes and their windows are counted."""
    report = heard(call)[0].metrics.report()
    assert report["audio_s"] == pytest.approx(len(call) / SAMPLE_RATE_HZ)
    assert report["chunks"] == 60
    assert report["decodes"] > 0
    assert report["engine_work"] > 0
