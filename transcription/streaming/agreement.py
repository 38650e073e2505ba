"""Which words of a hypothesis are expected to stay: those that successive hypotheses agree on.

Local agreement (Liu et al. 2020, "Low-latency sequence-to-sequence speech recognition", arXiv 2005.11185, and
Macháček et al. 2023, arXiv 2307.14743), on folded words, so that a capital or a comma is no disagreement. A
word that ends at the very edge of the window may be cut, and is not counted however often it comes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from transcription.models import Word

EDGE_S = 0.1
"""A word that ends nearer to the window's end than this may be a piece of a longer one (about one phone)."""
CLAIM_CONTEXT_S = 0.5
"""Agreed words are called stable towards a reader once this much follows them: recognisers change their minds
about a word while its neighbour is being said (about a word's length), and two windows may err alike."""


def fold(text: str) -> str:
    """A word without case and punctuation. What is nothing but punctuation stays as it is."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    letters = "".join(c for c in folded if unicodedata.category(c)[0] in "LMN")
    return letters or folded.strip()


def common_prefix(before: Sequence[Word], after: Sequence[Word]) -> int:
    """How many words two hypotheses share from their start on."""
    count = 0
    for one, other in zip(before, after, strict=False):
        if fold(one.text) != fold(other.text):
            break
        count += 1
    return count


def words_before(words: Sequence[Word], at_s: float) -> int:
    """How many words, from the start on, end by `at_s`."""
    count = 0
    while count < len(words) and words[count].end_s <= at_s:
        count += 1
    return count


def probable_words(words: Sequence[Word], least: float) -> int:
    """How many words, from the start on, the engine gives at least this probability; 0 where `least` is 0."""
    count = 0
    while least and count < len(words) and (words[count].probability or 0.0) >= least:
        count += 1
    return count


def agreed_words(before: Sequence[Word], after: Sequence[Word], *, window_end_s: float) -> int:
    """How many words of `after` are stable, given the hypothesis before it."""
    count = common_prefix(before, after)
    while count and after[count - 1].end_s > window_end_s - EDGE_S:
        count -= 1
    return count
