"""Talk as a language model is given it: lines, a bounded window, a workflow for each intent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.llm_utils import (
    ContextWindow,
    WorkflowType,
    render_conversation_for_llm,
    render_segment_for_llm,
    route_to_workflow,
)
from transcription.models import Segment, Transcript
from transcription.semantic import INTENTS, KeywordSemanticAnnotator
from transcription.streaming import PartialSegment, StreamSegment

A, B = "SPEAKER_00", "SPEAKER_01"


def segment(number: int, start_s: float, end_s: float, text: str, speaker_id: str | None = A) -> Segment:
    return Segment(number, start_s, end_s, text, speaker_id)


@pytest.mark.parametrize(
    "spoken",
    [
        segment(0, 62.34, 64.0, "hello there"),
        PartialSegment(0, 62.34, 64.0, "hello there", 0, speaker_id=A),
        StreamSegment(62.34, 64.0, "hello there", A),
        {"start": 62.34, "end": 64.0, "text": "hello there", "speaker_id": A},
    ],
    ids=["segment", "partial", "stream segment", "mapping"],
)
def test_a_segment_is_a_line(spoken: Segment) -> None:
    """Whatever carries times, text and a speaker gives the same line."""
    assert render_segment_for_llm(spoken) == "[01:02.3] SPEAKER_00: hello there"
    assert (
        render_segment_for_llm(spoken, timestamps=False, speaker_names={A: "Meera"}) == "Meera: hello there"
    )


def test_a_segment_without_a_speaker_is_nobodys() -> None:
    """The line says that it is not known who spoke."""
    assert render_segment_for_llm(segment(0, 3600.0, 3601.0, "hi", None)) == "[1:00:00.0] Unknown: hi"


@given(st.lists(st.tuples(st.text(), st.text(min_size=1)), max_size=8))
def test_what_is_said_cannot_pass_for_a_line(said: list[tuple[str, str]]) -> None:
    """One line per segment with text, whatever line breaks are in texts and names."""
    segments = [segment(i, i, i + 1, text, name) for i, (text, name) in enumerate(said)]
    rendered = render_conversation_for_llm(segments, mode="segments")
    spoken = [item for item in segments if item.text.strip()]
    assert len(rendered.splitlines()) == len(spoken)
    assert rendered == "\n".join(render_segment_for_llm(item) for item in spoken)


def test_a_conversation_is_a_line_per_turn() -> None:
    """Segments of one speaker join as their language writes them; those without text are left out."""
    segments = (
        segment(0, 0.0, 1.0, "你好"),
        segment(1, 1.0, 2.0, " "),
        segment(2, 2.0, 3.0, "早上好"),
        segment(3, 3.0, 4.0, "早", B),
    )
    transcript = Transcript("call", "zh", segments)
    assert render_conversation_for_llm(transcript).splitlines() == [
        "[00:00.0] SPEAKER_00: 你好早上好",
        "[00:03.0] SPEAKER_01: 早",
    ]
    assert len(render_conversation_for_llm(transcript, mode="segments").splitlines()) == 3


def test_an_unknown_mode_is_refused() -> None:
    """The error names the modes that there are."""
    with pytest.raises(ValueError, match="'turns' and 'segments'"):
        render_conversation_for_llm([], mode="words")  # type: ignore[arg-type]


@given(
    st.lists(st.tuples(st.floats(0, 50), st.floats(0, 20)), min_size=1, max_size=40),
    st.integers(1, 12),
    st.floats(0.5, 300),
)
def test_the_window_is_bounded_by_count_and_time(
    steps: list[tuple[float, float]], max_segments: int, max_time_sec: float
) -> None:
    """It holds the newest segment and as many before it as both bounds allow, no fewer."""
    window, at_s, ends = ContextWindow(max_segments, max_time_sec), 0.0, list[float]()
    for gap_s, length_s in steps:
        start_s, at_s = at_s + gap_s, at_s + gap_s + length_s
        window.add(segment(len(ends), start_s, at_s, f"t{len(ends)}"))
        ends.append(at_s)
        kept = [end for end in ends if ends[-1] - end <= max_time_sec][-max_segments:]
        assert [line.end for line in window.segments] == kept
        assert len(window) == len(kept) == len(window.render_for_llm().splitlines())


def test_keywords_of_the_window_come_from_annotations() -> None:
    """Those of most segments first, then the older; a mapping brings its own; what leaves takes its along."""
    annotate = KeywordSemanticAnnotator().annotate
    texts = ("the annual plan", "the invoice for the annual plan")
    segments = annotate(
        Transcript("t", "en", [segment(i, i, i + 1, text) for i, text in enumerate(texts)])
    ).segments
    window = ContextWindow(max_segments=3)
    for item in segments:
        window.add(item)
    window.add({"start": 2.0, "end": 3.0, "text": "and the refund", "keywords": ["refund", "refund"]})
    assert window.get_keywords()[0] == "annual plan"
    assert set(window.get_keywords()) >= {"annual plan", "refund"}
    assert len(set(window.get_keywords())) == len(window.get_keywords())
    for start in (4.0, 5.0, 6.0):
        window.add({"start": start, "end": start + 1, "text": "yes"})
    assert window.get_keywords() == []


def test_an_empty_window_renders_nothing() -> None:
    """No heading without talk under it."""
    assert (ContextWindow().render_for_llm(), ContextWindow().get_keywords()) == ("", [])


@pytest.mark.parametrize(("segments", "seconds"), [(0, 1.0), (1, 0.0), (1, float("nan")), (1, float("inf"))])
def test_bounds_that_bound_nothing_are_refused(segments: int, seconds: float) -> None:
    """A window for no segment, or without an end in time, is an error."""
    with pytest.raises(ValueError, match="max_"):
        ContextWindow(segments, seconds)


def test_every_intent_has_a_workflow() -> None:
    """Questions, actions and decisions have their own; all else is general, unknown intents too."""
    routed = {intent: route_to_workflow(intent) for intent in (*INTENTS, "an intent of one's own")}
    assert {intent: workflow for intent, workflow in routed.items() if workflow != WorkflowType.GENERAL} == {
        "question": WorkflowType.QUESTION,
        "clarification": WorkflowType.QUESTION,
        "action_item": WorkflowType.ACTION_ITEM,
        "commitment": WorkflowType.ACTION_ITEM,
        "decision": WorkflowType.DECISION,
        "agreement": WorkflowType.DECISION,
    }
