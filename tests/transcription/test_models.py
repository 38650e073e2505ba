"""The v2 document: what goes in comes out, times to the millisecond."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.models import Segment, Transcript, Word

milliseconds = st.integers(0, 10**7).map(lambda value: value / 1000)
shares = st.none() | st.integers(0, 10_000).map(lambda value: value / 10_000)
labels = st.none() | st.sampled_from(["SPEAKER_00", "SPEAKER_01"])
words = st.builds(Word, st.text(), milliseconds, milliseconds, shares, labels)
segments = st.builds(
    Segment,
    id=st.integers(0, 1000),
    start_s=milliseconds,
    end_s=milliseconds,
    text=st.text(),
    speaker_id=labels,
    words=st.lists(words, max_size=3).map(tuple),
    language=st.none() | st.sampled_from(["en", "sw"]),
    avg_logprob=st.none() | st.floats(-5, 0),
    no_speech_prob=st.none() | st.floats(0, 1),
    compression_ratio=st.none() | st.floats(0, 10),
    annotations=st.dictionaries(st.text(), st.integers() | st.lists(st.text(), max_size=2), max_size=2),
    partial=st.booleans(),
    revision=st.none() | st.integers(0, 99),
)
transcripts = st.builds(
    Transcript,
    file_name=st.text(),
    language=st.none() | st.just("en"),
    segments=st.lists(segments, max_size=4),
    meta=st.dictionaries(st.text(), st.text(), max_size=2),
)


@given(transcripts)
def test_v2_json_reads_back_as_it_was(transcript: Transcript) -> None:
    """Through JSON text and back, nothing is lost and nothing is added."""
    document = json.loads(json.dumps(transcript.to_json()))
    assert Transcript.from_json(document) == transcript


@given(transcripts)
def test_a_reader_that_skips_partials_sees_finals(transcript: Transcript) -> None:
    """`finals` are the items without `partial`, in order."""
    items = transcript.to_json()["segments"]
    assert [item for item in items if not item.get("partial")] == [s.to_json() for s in transcript.finals]


def test_what_is_not_known_has_no_key() -> None:
    """A plain segment has no optional keys, so that older readers see the document that they know."""
    segment = Segment(0, 0.0, 1.0, "hello")
    assert set(segment.to_json()) == {"id", "start", "end", "text", "speaker_id"}
    assert (
        replace(segment, partial=True, revision=2).to_json().items()
        >= {"partial": True, "revision": 2}.items()
    )


def test_segments_are_a_tuple_whatever_they_came_as() -> None:
    """A list that changes later does not change the transcript."""
    given_segments = [Segment(0, 0.0, 1.0, "hello")]
    transcript = Transcript("call", "en", given_segments, {})
    given_segments.clear()
    assert transcript.text == "hello"


def test_another_schema_version_is_refused() -> None:
    """The error says which version is read."""
    with pytest.raises(ValueError, match="only 2 is read"):
        Transcript.from_json({"schema_version": 1})
