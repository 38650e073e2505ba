"""How well labels fit what was said: shared terms by BM25, shared phrases on top.

The labels of one group (siblings) are the documents, so that a word which all of them use counts for little;
what was said is the query (Robertson & Zaragoza 2009, see `text.Bm25`), each term by log(1 + count). Two
terms of a phrase that are said close together count once more.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transcription.analysis.base import TaxonomyLabel
from transcription.analysis.classification.evidence import Reading, Saying, read
from transcription.analysis.text import Bm25

_PHRASE_ENDS = re.compile(r"[,;:.()\n]+")
_LONGEST_PHRASE_TERMS = 4
# The terms of a phrase may stand this many others apart ("pain in the left side of my chest").
_SLACK_TERMS = 2


@dataclass(frozen=True, slots=True)
class Match:
    """How a label fits. `terms`: what it shares with the talk; `phrases`: those of its description that
    were said, verbatim from there."""

    label: TaxonomyLabel
    score: float
    terms: frozenset[str]
    phrases: tuple[str, ...]


def phrases_of(description: str) -> dict[str, Reading]:
    """The phrases of a description, each as it was read: pieces between commas, not whole sentences."""
    pieces = (piece.strip() for piece in _PHRASE_ENDS.split(description))
    readings = {piece: read(piece) for piece in pieces if piece}
    return {
        piece: reading
        for piece, reading in readings.items()
        if 0 < len(reading.terms) <= _LONGEST_PHRASE_TERMS
    }


def said_in(phrase: Reading, saying: Reading) -> bool:
    """Whether a phrase was said: with two terms or more, all of them close together in any order; with one,
    word for word, since "taking my money" is not said by every "money"."""
    wanted = frozenset(phrase.terms)
    if not wanted <= set(saying.terms):
        return False
    if len(wanted) > 1:
        width = len(wanted) + _SLACK_TERMS
        return any(wanted <= set(saying.terms[start : start + width]) for start in range(len(saying.terms)))
    length = len(phrase.stems)
    return any(
        saying.stems[start : start + length] == phrase.stems
        and wanted <= set(saying.signed[start : start + length])
        for start in range(len(saying.stems) - length + 1)
    )


def match_labels(
    labels: Sequence[TaxonomyLabel],
    sayings: Sequence[Saying],
    counts: Mapping[str, float],
    *,
    further: Mapping[str, str] | None = None,
) -> list[Match]:
    """One match per label, in order. `further`: by a label's name, text that its description is joined by
    (a parent answers for its children)."""
    below = further or {}
    # The name of a priority ("high") is a common word and no sign of it.
    texts = [
        " ".join(
            [
                "" if label.kind == "priority" else f"{label.name}.",
                label.description,
                below.get(label.name, ""),
            ]
        )
        for label in labels
    ]
    documents = [read(text).terms for text in texts]
    bm25 = Bm25(documents)
    matches = []
    for index, (label, text) in enumerate(zip(labels, texts, strict=True)):
        shared = frozenset(term for term in documents[index] if counts.get(term, 0) > 0)
        said = {
            piece: phrase
            for piece, phrase in phrases_of(text).items()
            if any(said_in(phrase, saying.reading) for saying in sayings)
        }
        # Summed in order of the description, so that the last digit does not depend on hashing.
        score = sum(
            math.log1p(counts[term]) * bm25.score([term], index)
            for term in dict.fromkeys(documents[index])
            if term in shared
        )
        score += sum(
            sum(bm25.idf(term) for term in phrase.terms) for phrase in said.values() if len(phrase.stems) > 1
        )
        matches.append(Match(label, score, shared, tuple(said)))
    return matches
