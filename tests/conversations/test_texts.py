"""A pasted text becomes segments without losing a word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conversations.texts import split_text


@given(st.text(max_size=600))
def test_nothing_but_white_space_is_lost(text: str) -> None:
    """Without named speakers, the segments hold every character that is no white space, in order."""
    split = split_text(text)
    if not split.speakers:
        assert "".join("".join(s.text.split()) for s in split.segments) == "".join(text.split())
    assert [s.id for s in split.segments] == list(range(len(split.segments)))
    assert all((s.start_s, s.end_s) == (0.0, 0.0) for s in split.segments)


def test_lines_that_name_who_speaks_make_turns() -> None:
    """Names become speakers in order of first speech; a line without a name goes on for who spoke last."""
    split = split_text("Nurse: Good morning.\nand welcome\n\nMr. Otieno: Hello, nurse.\nNurse: How are you?")
    assert [(s.speaker_id, s.text) for s in split.segments] == [
        ("SPEAKER_00", "Good morning."),
        ("SPEAKER_00", "and welcome"),
        ("SPEAKER_01", "Hello, nurse."),
        ("SPEAKER_00", "How are you?"),
    ]
    assert [(s.label, s.name, s.num_turns) for s in split.speakers] == [
        ("SPEAKER_00", "Nurse", 2),
        ("SPEAKER_01", "Mr. Otieno", 1),
    ]


def test_one_line_with_a_colon_is_no_dialogue() -> None:
    """A heading or a note is text like any other."""
    split = split_text("Note: she was calm.\nShe left at 10:30.")
    assert split.speakers == ()
    assert [s.text for s in split.segments] == ["Note: she was calm.", "She left at 10:30."]


def test_long_lines_are_taken_apart_at_sentence_ends() -> None:
    """A paragraph becomes several segments of whole sentences, also in languages that write no spaces."""
    split = split_text("One sentence of some length stands here. " * 20)
    assert len(split.segments) > 2
    assert all(s.text.endswith("here.") and len(s.text) <= 240 for s in split.segments)
    unspaced = split_text("今日は頭が痛いです。" * 60)
    assert len(unspaced.segments) > 1
    assert "".join(s.text for s in unspaced.segments) == "今日は頭が痛いです。" * 60
