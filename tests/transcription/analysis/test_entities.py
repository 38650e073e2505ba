"""The embedded entity engine."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcription.analysis.dialogues import dialogues, entity_f1
from transcription.analysis.base import Entity, StageEngineConfig, Talk
from transcription.analysis.entities.embedded import EmbeddedEntities
from transcription.models import Segment

ENGINE = EmbeddedEntities(StageEngineConfig())
ENGINE.load()


def _extract(*texts: str, speakers: str = "", language: str | None = "en") -> list[Entity]:
    segments = tuple(
        Segment(i, 2.0 * i, 2.0 * i + 1, text, speakers[i] if speakers else None)
        for i, text in enumerate(texts)
    )
    return list(ENGINE.extract(Talk(segments, language, 2.0 * len(texts))))


def _found(*texts: str, speakers: str = "") -> set[tuple[str, str]]:
    return {(entity.label, entity.text) for entity in _extract(*texts, speakers=speakers)}


@pytest.mark.parametrize(
    ("text", "label", "mention"),
    [
        ("it is oh seven one two three four five six seven eight nine", "PHONE_NUMBER", "oh seven one"),
        ("call me on +44 7911 123456", "PHONE_NUMBER", "+44 7911 123456"),
        ("My number is (503) 555-0186.", "PHONE_NUMBER", "(503) 555-0186"),
        ("you can dial one one six", "PHONE_NUMBER", "one one six"),
        ("she is nine years old", "AGE", "nine years old"),
        ("a nine-year-old girl", "AGE", "nine-year-old"),
        ("my sister is twelve and she is sad", "AGE", "twelve"),
        ("on the third of march nineteen ninety four", "DATE", "the third of march nineteen ninety four"),
        ("on 12 March 2026 we met", "DATE", "12 March 2026"),
        ("I was born on 12 May 1985.", "DATE", "12 May 1985"),
        ("See you on 3 May, then.", "DATE", "3 May"),
        ("come the day after tomorrow", "DATE", "the day after tomorrow"),
        ("it was 2026-02-28", "DATE", "2026-02-28"),
        ("at half past nine", "TIME", "half past nine"),
        ("at ten to nine please", "TIME", "ten to nine"),
        ("come at twenty after one", "TIME", "twenty after one"),
        ("until half past five we close early", "TIME", "half past five"),
        ("around nine thirty a m", "TIME", "nine thirty a m"),
        ("come at 9:30 am.", "TIME", "9:30 am"),
        ("it cost fifty dollars", "MONEY", "fifty dollars"),
        ("it was twenty pounds and fifty pence", "MONEY", "twenty pounds and fifty pence"),
        ("I paid $1,250.50 for it", "MONEY", "$1,250.50"),
        ("write to grace dot owen at example dot com", "EMAIL", "grace dot owen at example dot com"),
        ("it's g underscore owen at mail dot co dot uk", "EMAIL", "g underscore owen at mail dot co dot uk"),
        ("Mail grace.owen@example.co.uk today", "EMAIL", "grace.owen@example.co.uk"),
        ("It's K. Lane at fastmail.com, all small.", "EMAIL", "K. Lane at fastmail.com"),
        ("hello grace owen speaking", "PERSON", "grace owen"),
        ("my email is spelled badly blue heron at mail dot com", "EMAIL", "blue heron at mail dot com"),
        ("Ah, the age, I have 67 years.", "AGE", "67 years"),
        ("My cousin works over at Lowell General, and she likes it.", "ORGANIZATION", "Lowell General"),
        ("we moved to nineteen signal hill road", "LOCATION", "nineteen signal hill road"),
        ("my cousin works over at lowell general and she likes it", "ORGANIZATION", "lowell general"),
        ("New parking at the dollar general.", "ORGANIZATION", "dollar general"),
        ("That'd be Elm Avenue, and the town is Savannah.", "LOCATION", "Savannah"),
        ("Not us, it's Georgia.", "LOCATION", "Georgia"),
        ("it's georgia speaking", "PERSON", "georgia"),
        ("my doctor is doctor patel", "PERSON", "patel"),
        ("i live in london", "LOCATION", "london"),
        ("we moved to little wandle last year", "LOCATION", "little wandle"),
        ("I was at St Mary Hospital", "ORGANIZATION", "St Mary Hospital"),
        ("she works for acme plumbing", "ORGANIZATION", "acme plumbing"),
    ],
)  # fmt: skip
def test_mentions(text: str, label: str, mention: str) -> None:
    """Each label is found in text as recognisers write it and as people do."""
    assert any(entity.label == label and mention in entity.text for entity in _extract(text)), _extract(text)


@pytest.mark.parametrize(
    "text",
    [
        "i may go to the nice place for a change",
        "he has lost ten pounds",
        "the doctor said i should rest",
        "on the first floor",
        "it was 31/02/2026",
        "your reference number is four five six seven eight nine one two",
        "i have two sons and they march to school",
        "i am tired and i am calling about my order",
        "my husband drinks and shouts",
        "that is the same as reading a book in bed",
        "it is two miles away",
    ],
)
def test_what_is_no_mention(text: str) -> None:
    """Common words that are also names, and figures that count something else, are left alone."""
    assert _extract(text) == []


def test_a_name_is_known_again() -> None:
    """A name that a cue showed once is found wherever it is said."""
    assert ("PERSON", "grace") in _found("my name is grace owen", "thank you grace bye")


def test_a_question_says_what_the_reply_is() -> None:
    """A bare reply is a name, an age, a place where that was asked."""
    found = _found("what is your name", "amara obi", "and how old are you", "thirty one", speakers="abab")
    assert found == {("PERSON", "amara obi"), ("AGE", "thirty one")}


def test_a_phone_number_over_two_segments() -> None:
    """A number that goes on after the other side's `yes` is found in both of its segments."""
    found = _extract(
        "what's your phone number",
        "oh seven nine five",
        "yes",
        "three double two one four eight",
        speakers="abab",
    )
    assert [(entity.segment_id, entity.label) for entity in found] == [
        (1, "PHONE_NUMBER"),
        (3, "PHONE_NUMBER"),
    ]


def test_dates_of_another_language() -> None:
    """Where English patterns say nothing, dateparser finds dates."""
    found = _extract("elle est venue le 3 mars 2019", language="fr")
    assert ("DATE", True) in {(entity.label, "3 mars 2019" in entity.text) for entity in found}


WORDS = st.sampled_from(
    [
        "my",
        "name",
        "is",
        "grace",
        "i'm",
        "nine",
        "years",
        "old",
        "at",
        "half",
        "past",
        "on",
        "the",
        "third",
        "of",
        "march",
        "oh",
        "seven",
        "double",
        "two",
        "pounds",
        "fifty",
        "dollars",
        "london",
        "live",
        "in",
        "doctor",
        "dot",
        "example",
        "com",
        "calling",
        "from",
        "and",
        ".",
        ",",
        "?",
        "Thank",
        "You",
        "Mrs.",
        "Kelly",
        "07911",
        "123456",
        "2026-03-04",
        "9:30",
        "é",
        "中文",
        "speaking",
        "here",
        "line",
        "hospital",
        "county",
    ]
)


@given(st.lists(st.lists(WORDS, max_size=14).map(" ".join), max_size=5), st.booleans())
def test_offsets_are_verbatim_and_nothing_overlaps(texts: list[str], known_speakers: bool) -> None:
    """Every mention is its text at its offsets, in order, without overlap, with no invented confidence."""
    found = _extract(*texts, speakers="ababa" if known_speakers else "")
    for entity in found:
        assert entity.text == texts[entity.segment_id][entity.start : entity.end] != ""
        assert entity.confidence is None
    for one, other in pairwise(found):
        assert (one.segment_id, one.end) <= (
            other.segment_id,
            other.start,
        ) or one.segment_id < other.segment_id


@given(st.lists(st.text(max_size=60), max_size=4))
def test_any_text_is_taken(texts: list[str]) -> None:
    """No text raises."""
    _extract(*texts)


def test_progress_goes_up_to_one() -> None:
    """Progress rises and ends at one."""
    steps: list[float] = []
    talk = Talk(tuple(Segment(i, i, i + 1, "hello") for i in range(4)), "en", 4)
    ENGINE.extract(talk, on_progress=steps.append)
    assert steps == sorted(steps)
    assert steps[-1] == 1


def test_how_well_it_does() -> None:
    """F1 stays where it was measured: on dialogues that the rules were written for, and on others."""
    assert entity_f1(ENGINE, dialogues(held_out=False)) >= 0.97
    assert entity_f1(ENGINE, dialogues(held_out=True)) >= 0.85


def test_an_address_that_was_run_together_is_no_name() -> None:
    """Asked for an address, who hears one word for it has still heard an address, and nobody's name."""
    found = _found("what is your email please", "Sure, it is Susan.taylorwritemail.com.", speakers="AB")
    assert found == {("EMAIL", "Susan.taylorwritemail.com")}
