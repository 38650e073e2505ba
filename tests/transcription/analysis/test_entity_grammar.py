"""What people say on the telephone: the grammar of names, places, bodies, times, dates, money and numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.analysis.base import StageEngineConfig, Talk
from transcription.analysis.entities.addresses import house_number_end
from transcription.analysis.entities.embedded import EmbeddedEntities
from transcription.analysis.entities.lexicon import COMMON_WORDS
from transcription.analysis.entities.vocabulary import is_plain, is_sure_given, is_surname
from transcription.models import Segment

ENGINE = EmbeddedEntities(StageEngineConfig())
ENGINE.load()


def _found(*texts: str) -> set[tuple[str, str]]:
    """`texts`: said in turns."""
    segments = tuple(Segment(i, 2.0 * i, 2.0 * i + 1, text, "ab"[i % 2]) for i, text in enumerate(texts))
    entities = ENGINE.extract(Talk(segments, "en", 2.0 * len(texts)))
    for entity in entities:
        assert entity.text == texts[entity.segment_id][entity.start : entity.end]
    return {(entity.label, entity.text) for entity in entities}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("hi my name is oscar villanueva and i'm calling about my mother", {"oscar villanueva"}),
        ("yeah it's fergus o'donnell calling", {"fergus o'donnell"}),
        ("the name's harriet quinn", {"harriet quinn"}),
        ("ursula becker is the name", {"ursula becker"}),
        ("you're through to ingrid how can i help", {"ingrid"}),
        ("put it under the name of harrison", {"harrison"}),
        ("doctor young said so", {"young"}),
        ("it's doctor van dyke on the line", {"van dyke"}),
        ("it's for my daughter chloe bennett", {"chloe bennett"}),
        ("are you any kin to wanda kowalski", {"wanda kowalski"}),
        ("let me ask maureen can they park there", {"maureen"}),
        ("my name is hope", {"hope"}),
    ],
)
def test_names(text: str, names: set[str]) -> None:
    """A name in lower case is found by its cue, and without one by lists of names."""
    assert {mention for label, mention in _found(text) if label == "PERSON"} == names


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("thank you for choosing maple grove animal hospital and goodbye", "maple grove animal hospital"),
        ("hello is that the meadowbank surgery", "meadowbank surgery"),
        ("good morning hollow oak family practice deborah speaking", "hollow oak family practice"),
        ("you've reached kingfisher health centre", "kingfisher health centre"),
        ("ingrid at silverton medical group how can i help", "silverton medical group"),
        ("my insurance is through united healthcare", "united healthcare"),
        ("the people at cigna never called", "cigna"),
    ],
)
def test_bodies(text: str, body: str) -> None:
    """A body is found by the word that ends its name, what opens a call, and by being known."""
    assert ("ORGANIZATION", body) in _found(text)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("i live at thirty two hawthorn drive in croydon", {"thirty two hawthorn drive", "croydon"}),
        ("it's two forty five harbour road", {"two forty five harbour road"}),
        ("nine oh one juniper avenue", {"nine oh one juniper avenue"}),
        ("we're over in scranton", {"scranton"}),
        ("she's just outside of llanfechain", {"llanfechain"}),
        ("we moved here from saskatchewan", {"saskatchewan"}),
    ],
)
def test_places(text: str, places: set[str]) -> None:
    """A street has the number of the house, whichever way it is read; a small town needs a word of place."""
    assert {mention for label, mention in _found(text) if label == "LOCATION"} == places


@pytest.mark.parametrize(
    ("text", "label", "mention"),
    [
        ("can you do half three", "TIME", "half three"),
        ("we close at six", "TIME", "six"),
        ("i have put down four fifteen", "TIME", "four fifteen"),
        ("come at twenty five to seven", "TIME", "twenty five to seven"),
        ("it's ten to four", "TIME", "ten to four"),
        ("a week on thursday then", "DATE", "a week on thursday"),
        ("how about tuesday week", "DATE", "tuesday week"),
        ("we said friday the third of may", "DATE", "friday the third of may"),
        ("they want it by the twelfth i think", "DATE", "the twelfth"),
        ("it was christmas eve", "DATE", "christmas eve"),
        ("that was twenty pounds fifty and a stamp", "MONEY", "twenty pounds fifty"),
        ("they want fifteen hundred dollars", "MONEY", "fifteen hundred dollars"),
        ("he's just turned thirty", "AGE", "thirty"),
        ("i'll be sixty in spring", "AGE", "sixty"),
        ("my email is blue kettle nine at example dot org", "EMAIL", "blue kettle nine at example dot org"),
        ("ring oh seven nine double one triple four two oh six", "PHONE_NUMBER",
         "oh seven nine double one triple four two oh six"),
    ],
)  # fmt: skip
def test_figures(text: str, label: str, mention: str) -> None:
    """Times, dates, money, ages, addresses and numbers as they are said."""
    assert (label, mention) in _found(text)


@pytest.mark.parametrize(
    "text",
    [
        "the pain is about six out of ten",
        "it says take one every four to six hours",
        "my blood pressure was one forty over ninety",
        "a rash from sulfasalazine",
        "i'm queasy from the ride and it's snowing sideways",
        "the bill came to the wrong house",
        "it is a new clinic and a good hospital",
        "wait until one is free",
        "one run no row",
    ],
)
def test_what_is_no_mention(text: str) -> None:
    """Scales, doses, pressures, medicines and plain words stay what they are."""
    assert _found(text) == set()


def test_an_age_after_a_number_is_no_part_of_it() -> None:
    """The age that is told after a phone number does not go on with the number."""
    found = _found(
        "what is your number", "five oh three five five five oh one eight six", "how old are you", "forty two"
    )
    assert found == {("PHONE_NUMBER", "five oh three five five five oh one eight six"), ("AGE", "forty two")}


def test_a_misheard_address_names_nobody() -> None:
    """What a recogniser left of an email address is not taken for somebody's name."""
    assert _found("what is your email", "it's harriet dot quinn et example com") == set()


@pytest.mark.parametrize(
    ("word", "given", "surname", "plain"),
    [
        ("priscilla", True, False, False),
        ("rich", False, True, False),
        ("gallagher", False, True, False),
        ("breakfast", False, False, True),
        ("snowing", False, False, True),
        ("zzyzx", False, False, False),
    ],
)
def test_what_words_are(word: str, given: bool, surname: bool, plain: bool) -> None:
    """Lists and frequencies tell names from English; what nothing is known of can be a name."""
    assert (is_sure_given(word), is_surname(word), is_plain(word)) == (given, surname, plain)


@given(st.sampled_from(sorted(COMMON_WORDS)))
def test_a_common_word_alone_is_no_name(word: str) -> None:
    """No everyday word is a person, a body or a place by itself."""
    assert not {label for label, _ in _found(word)} & {"PERSON", "ORGANIZATION", "LOCATION"}


@given(
    st.lists(
        st.sampled_from(["four", "eighteen", "oh", "hundred", "mill", "road", "first", "12"]), min_size=1
    )
)
def test_a_house_number_lies_in_the_words(words: list[str]) -> None:
    """The end of a house number is at or after its start, and within the words."""
    for at in range(len(words)):
        assert at <= house_number_end(words, at) <= len(words)
