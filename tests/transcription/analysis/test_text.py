"""Words, numbers, sentences and ranking."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.analysis.text import (
    Bm25,
    digit_runs,
    folded,
    is_question,
    numbers_in,
    parse_number,
    parse_year,
    sentences,
    stem,
    tokens,
    words_of,
)


@given(st.text())
def test_tokens_are_verbatim(text: str) -> None:
    """Every token is the text between its offsets, in order, without overlap."""
    end = 0
    for token in tokens(text):
        assert token.text == text[token.start : token.end]
        assert token.start >= end
        end = token.end


@given(st.text(alphabet="ab .?!\n", max_size=200))
def test_sentences_are_verbatim_and_lose_no_word(text: str) -> None:
    """Sentences are pieces of the text in order, and together hold all its words."""
    pieces = sentences(text)
    assert all(piece.text == text[piece.start : piece.end] for piece in pieces)
    assert [word for piece in pieces for word in words_of(piece.text)] == words_of(text)


def test_folding_forgets_case_accents_and_curly_apostrophes() -> None:
    """Words are compared without what recognisers and people write differently."""
    assert folded("José’s CAFÉ") == "jose's cafe"


def test_stems_bring_forms_together() -> None:
    """Allergy and allergies share a stem."""
    assert stem("allergies") == stem("allergy")


def test_sentences_keep_abbreviations_and_cut_long_unpunctuated_text() -> None:
    """A title's dot ends nothing; a long stretch without punctuation is cut before clauses."""
    assert [s.text for s in sentences("Dr. Smith came. Is it ok?")] == ["Dr. Smith came.", "Is it ok?"]
    stretch = (
        "i was at home with my children all day long and then i heard a noise in the street "
        "so i called the police because they live next door to us"
    )
    assert len(sentences(stretch)) > 1


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("twelve", 12),
        ("twenty one", 21),
        ("a hundred and five", 105),
        ("two thousand and nine", 2009),
        ("one million two hundred thousand", 1_200_000),
        ("thirty eight point five", 38.5),
        ("1,200", 1200),
        ("twenty first", 21),
        ("3rd", 3),
    ],
)
def test_numbers_in_words_and_figures(said: str, value: float) -> None:
    """A number is read to its last word."""
    words = words_of(said)
    number = parse_number(words)
    assert number is not None
    assert (number.value, number.end) == (value, len(words))


@pytest.mark.parametrize(
    ("said", "year"),
    [
        ("nineteen ninety four", 1994),
        ("twenty oh six", 2006),
        ("two thousand and nine", 2009),
        ("1994", 1994),
    ],
)
def test_years(said: str, year: int) -> None:
    """Years are read as people say them."""
    number = parse_year(said.split())
    assert number is not None
    assert number.value == year


@given(
    st.lists(
        st.sampled_from(
            ["one", "twenty", "hundred", "thousand", "and", "a", "point", "five", "third", "oh", "the"]
        )
    )
)
def test_numbers_never_overlap(words: list[str]) -> None:
    """Whatever the words, numbers come in order and each has at least one word."""
    end = 0
    for number in numbers_in(words):
        assert end <= number.start < number.end <= len(words)
        end = number.end


@given(st.text(alphabet="0123456789", min_size=7, max_size=15))
def test_digits_read_out_one_by_one_come_back(digits: str) -> None:
    """Reading digits out and parsing them gives the same digits."""
    names = ["oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    (run,) = digit_runs([names[int(digit)] for digit in digits])
    assert run.digits == digits


def test_digits_with_repeats_hesitations_and_homophones() -> None:
    """Double, uh and `for` between digits are read as they are meant."""
    (run,) = digit_runs(
        ["plus", "four", "four", "double", "seven", "one", "hundred", "uh", "three", "for", "five"]
    )
    assert run.digits == "+44771003" + "45"


@pytest.mark.parametrize(
    "text",
    ["what is your name", "and how old is he", "any allergies", "can i take your name please", "Sure?"],
)
def test_questions(text: str) -> None:
    """Questions are known without their mark."""
    assert is_question(text)


@pytest.mark.parametrize(
    "text",
    [
        "do not lift anything heavy",
        "when she came home she was crying",
        "it is the left one",
        "have a good day",
    ],
)
def test_statements_that_start_like_questions(text: str) -> None:
    """Statements that start with a question's word are none."""
    assert not is_question(text)


def test_ranking_prefers_the_rare_term() -> None:
    """A document with the rarer term of the query scores higher; one with none scores zero."""
    ranking = Bm25([["pain", "arm"], ["pain", "penicillin"], ["hello"]])
    arm, penicillin, hello = ranking.scores(["pain", "penicillin"])
    assert penicillin > arm > hello == 0


def test_ranking_of_nothing() -> None:
    """No documents and empty documents are no error."""
    assert Bm25([]).scores(["a"]) == []
    assert Bm25([[]]).scores(["a"]) == [0]
