"""What is the same, said in words and written in figures."""

from __future__ import annotations

import pytest

from bench.pipeline.written import as_address, as_compared


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("oh seven one two three four five", "0712 345"),
        ("six one seven five five five oh one four two", "617-555-0142"),
        ("eight forty five", "8:45 a.m."),
        ("the third of march", "the 3rd of March"),
        ("forty two dollars", "$42"),
        ("four eighteen maple street", "418 Maple Street"),
        ("twenty eight years old", "28 years old"),
    ],
)
def test_numbers_in_words_and_in_figures_are_the_same(said: str, written: str) -> None:
    """Phone numbers with their zeros, times, dates, sums, houses and ages."""
    assert as_compared(said) == as_compared(written)


@pytest.mark.parametrize(("said", "written"), [("oh seven one", "0712"), ("nine thirty", "9:13")])
def test_other_numbers_are_not(said: str, written: str) -> None:
    """What was misheard stays misheard."""
    assert as_compared(said) != as_compared(written)


@pytest.mark.parametrize(
    "written", ["k.lane@fastmail.com", "K. Lane at fastmail.com", "k dot lane at fastmail.com"]
)
def test_an_address_said_and_written(written: str) -> None:
    """An address of mail is the same however much of it is written out."""
    assert as_address(written) == as_address("k dot lane at fastmail dot com")
    assert as_address(written) != as_address("k dot lane at fast mail dot org")
