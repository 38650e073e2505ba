"""Which words two hypotheses agree on."""

from __future__ import annotations

import pytest

from transcription.models import Word
from transcription.streaming.agreement import agreed_words, fold, words_before


def words(text: str) -> list[Word]:
    return [Word(part, n * 0.5, n * 0.5 + 0.4) for n, part in enumerate(text.split())]


@pytest.mark.parametrize(
    ("one", "other"), [("Hello,", "hello"), ("don’t", "dont"), ("ÉTÉ", "été"), ("“so”", "So.")]
)
def test_case_and_punctuation_are_no_disagreement(one: str, other: str) -> None:
    """Folding takes away what recognisers change their minds about without meaning it."""
    assert fold(one) == fold(other)


def test_punctuation_alone_is_still_something() -> None:
    """A word of nothing but punctuation does not fold to nothing."""
    assert fold("…") != ""


@pytest.mark.parametrize(
    ("before", "after", "stable"),
    [("", "the cat", 0), ("The cat", "the cat, sat", 2), ("the cat", "the hat sat", 1), ("a b c", "a b", 2)],
)
def test_stable_is_the_common_prefix(before: str, after: str, stable: int) -> None:
    """Words count as long as both hypotheses have them, from the start on."""
    assert agreed_words(words(before), words(after), window_end_s=99.0) == stable


def test_word_at_the_edge_is_not_stable() -> None:
    """A word that ends with the window may be a piece of a longer one."""
    assert agreed_words(words("the cat"), words("the cat"), window_end_s=0.95) == 1


def test_words_before_counts_whole_words_from_the_start() -> None:
    """A word counts where it has ended by then, and so have all before it."""
    assert words_before(words("the cat sat"), 0.9) == 2
    assert words_before(words("the cat sat"), 0.39) == 0
