"""Words get their speakers by time, segments are split between words, names are read with care."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.analysis.speakers import (
    assign_speakers,
    introduced_names,
    speaker_statistics,
    turns_from_segments,
)
from transcription.models import Segment, Turn, Word


def said(text: str, start_s: float = 0.0, *, speaker: str | None = None, number: int = 0) -> Segment:
    words = tuple(Word(w, start_s + i * 0.5, start_s + i * 0.5 + 0.4) for i, w in enumerate(text.split()))
    return Segment(number, start_s, words[-1].end_s, text, speaker_id=speaker, words=words)


@st.composite
def segment_lists(draw: st.DrawFn) -> list[Segment]:
    """Segments in order of time, with words that touch, pause or last no time at all."""
    segments = []
    clock = 0.0
    for number in range(draw(st.integers(0, 5))):
        words = []
        for _ in range(draw(st.integers(0, 6))):
            clock += draw(st.sampled_from([0.0, 0.1, 0.7]))
            end = clock + draw(st.sampled_from([0.0, 0.2, 0.5]))
            words.append(Word(draw(st.sampled_from(["a", "Yes,", "no.", "can't", "42"])), clock, end))
            clock = end
        start = words[0].start_s if words else clock
        text = " ".join(word.text for word in words) or "…"
        segments.append(Segment(number + 3, start, clock, text, words=tuple(words)))
    return segments


turn_lists = st.lists(
    st.tuples(st.sampled_from("ABC"), st.floats(0, 10), st.floats(0, 4)).map(
        lambda t: Turn(f"SPEAKER_0{ord(t[0]) - ord('A')}", t[1], t[1] + t[2])
    ),
    max_size=8,
)


@given(segment_lists(), turn_lists)
def test_no_word_is_lost_or_doubled_and_order_is_kept(segments: list[Segment], turns: list[Turn]) -> None:
    """Whatever the turns, the words and the text come out as they went in, in order, with ids from 0."""
    parts = assign_speakers(segments, turns)
    before = [(w.text, w.start_s, w.end_s) for s in segments for w in s.words]
    assert [(w.text, w.start_s, w.end_s) for s in parts for w in s.words] == before
    assert " ".join(s.text for s in parts).split() == " ".join(s.text for s in segments).split()
    assert [s.id for s in parts] == list(range(len(parts)))


@given(segment_lists(), turn_lists)
def test_every_part_has_one_speaker(segments: list[Segment], turns: list[Turn]) -> None:
    """With any turns at all every part has a speaker, and its words have the same one."""
    for part in assign_speakers(segments, turns):
        if turns:
            assert part.speaker_id is not None
        assert {word.speaker_id for word in part.words} <= {part.speaker_id}


@given(segment_lists(), turn_lists)
def test_assigning_twice_changes_nothing(segments: list[Segment], turns: list[Turn]) -> None:
    """Segments that have been split stay as they are."""
    once = assign_speakers(segments, turns)
    assert assign_speakers(once, turns) == once


def test_a_shared_segment_is_cut_where_the_speaker_changes() -> None:
    """The parts keep the punctuation and the outer times of the segment that they were."""
    segment = said("How are you? Fine, thanks.", 1.0, number=7)
    parts = assign_speakers([segment], [Turn("SPEAKER_00", 0.9, 2.45), Turn("SPEAKER_01", 2.45, 4.0)])
    assert [(p.id, p.speaker_id, p.text) for p in parts] == [
        (0, "SPEAKER_00", "How are you?"),
        (1, "SPEAKER_01", "Fine, thanks."),
    ]
    assert (parts[0].start_s, parts[1].end_s) == (segment.start_s, segment.end_s)
    assert parts[0].end_s == segment.words[2].end_s
    assert parts[1].start_s == segment.words[3].start_s


def test_text_that_differs_from_its_words_is_joined_from_them() -> None:
    """A segment whose text was rewritten is split by its words, not at a wrong place in the text."""
    words = (Word("one", 0, 1), Word("two", 1, 2))
    segment = Segment(0, 0, 2, "1 and two", words=words)
    parts = assign_speakers([segment], [Turn("SPEAKER_00", 0, 1), Turn("SPEAKER_01", 1, 2)])
    assert [part.text for part in parts] == ["one", "two"]


def test_words_outside_every_turn_go_to_the_nearest() -> None:
    """A word between two turns belongs to the one that it is nearer to, one after all of them to the last."""
    turns = [Turn("SPEAKER_00", 0.0, 1.0), Turn("SPEAKER_01", 3.0, 4.0)]
    words = (Word("a", 1.2, 1.4), Word("b", 2.5, 2.8), Word("c", 8.0, 8.5))
    (first, second) = assign_speakers([Segment(0, 1.2, 8.5, "a b c", words=words)], turns)
    assert (first.text, first.speaker_id) == ("a", "SPEAKER_00")
    assert (second.text, second.speaker_id) == ("b c", "SPEAKER_01")


def test_without_turns_speakers_stay() -> None:
    """No turns, no news: the speakers that a live session gave are kept."""
    (part,) = assign_speakers([said("hello", speaker="SPEAKER_03", number=4)], [])
    assert (part.id, part.speaker_id) == (0, "SPEAKER_03")


@given(turn_lists)
def test_talk_ratios_sum_to_one(turns: list[Turn]) -> None:
    """The shares of all speakers are the whole, or nobody has one where nothing was said."""
    statistics = speaker_statistics(turns)
    ratios = [voice.talk_ratio for voice in statistics]
    if any(turn.end_s > turn.start_s for turn in turns):
        assert sum(ratio or 0.0 for ratio in ratios) == pytest.approx(1.0)
    else:
        assert all(ratio is None for ratio in ratios)
    assert {voice.label for voice in statistics} == {turn.speaker_id for turn in turns}


def test_turns_are_counted_by_change_of_speaker() -> None:
    """Two stretches of one speaker with a pause between are one turn; the pause is nobody's talk."""
    spoken = [
        Turn("SPEAKER_00", 0, 1),
        Turn("SPEAKER_00", 2, 3),
        Turn("SPEAKER_01", 3, 5),
        Turn("SPEAKER_00", 5, 6),
    ]
    first, second = speaker_statistics(spoken)
    assert (first.label, first.total_talk_time_s, first.num_turns) == ("SPEAKER_00", 3.0, 2)
    assert (second.label, second.talk_ratio, second.num_turns) == ("SPEAKER_01", 0.4, 1)


def test_segments_make_turns_and_unknown_speakers_none() -> None:
    """Consecutive segments of one speaker are one turn; a segment of nobody stands between two turns."""
    segments = [
        said("a b", 0, speaker="SPEAKER_00"),
        said("c", 2, speaker="SPEAKER_00"),
        said("d", 3),
        said("e", 4, speaker="SPEAKER_00"),
    ]
    assert turns_from_segments(segments) == (Turn("SPEAKER_00", 0, 2.4), Turn("SPEAKER_00", 4, 4.4))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("thank you for calling my name is grace how can i help", "Grace"),
        ("hello my name is robert miller i have a headache", "Robert Miller"),
        ("hello this is doctor owen speaking", "Doctor Owen"),
        ("My name is Anna Maria Lopez and I need help.", "Anna Maria Lopez"),
        ("my name's mary-ann o'neil", "Mary-Ann O'Neil"),
        ("this is nurse kelly calling from the clinic", "Nurse Kelly"),
        ("this is grace speaking", "Grace"),
    ],
)
def test_names_are_read(text: str, name: str) -> None:
    """What people say when they introduce themselves gives their name, in whatever case it was written."""
    assert introduced_names([Segment(0, 0, 1, text, "SPEAKER_00")]) == {"SPEAKER_00": name}


@pytest.mark.parametrize(
    "text",
    [
        "my name is on the list",
        "this is nobody speaking",
        "what is my name",
        "his name is robert",
        "this is terrible",
        "this is doctor brown's office calling",
        "Robert, this is doctor Brown, he can help.",
        "my name is",
    ],
)
def test_no_name_is_made_up(text: str) -> None:
    """Phrases that only look like an introduction give no name."""
    assert introduced_names([Segment(0, 0, 1, text, "SPEAKER_00")]) == {}


def test_a_phrase_may_reach_over_two_segments_of_one_speaker() -> None:
    """An endpoint in the midst of an introduction does not hide the name; another speaker's words do."""
    cut = [Segment(0, 0, 1, "my name is", "SPEAKER_00"), Segment(1, 2, 3, "grace", "SPEAKER_00")]
    assert introduced_names(cut) == {"SPEAKER_00": "Grace"}
    other = [cut[0], Segment(1, 2, 3, "grace", "SPEAKER_01")]
    assert introduced_names(other) == {}
    assert introduced_names([Segment(0, 0, 1, "my name is grace", None)]) == {}
