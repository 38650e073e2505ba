"""Signs that a call is urgent, by the phrases of a priority's description: one outweighs whatever else was
said."""

from __future__ import annotations

from collections.abc import Sequence

from transcription.analysis.base import TaxonomyLabel
from transcription.analysis.classification.evidence import Reading, Saying, read
from transcription.analysis.classification.labels import phrases

_LONGEST_PHRASE_TERMS = 4
# The terms of a phrase may stand this many others apart ("pain in the left side of my chest").
_SLACK_TERMS = 2


def said_phrases(label: TaxonomyLabel, sayings: Sequence[Saying]) -> list[str]:
    """The phrases of a label's description, of several words each, that were said and neither denied nor
    merely asked about."""
    certain = [saying for saying in sayings if saying.weight == 1.0]
    wanted = ((phrase, read(phrase)) for phrase in phrases(label.description))
    return [
        phrase
        for phrase, reading in wanted
        if 1 < len(reading.terms) <= _LONGEST_PHRASE_TERMS
        and any(_said_in(reading, saying.reading) for saying in certain)
    ]


def _said_in(phrase: Reading, saying: Reading) -> bool:
    """Whether all the terms of a phrase were said close together, in any order."""
    wanted = frozenset(phrase.terms)
    if not wanted <= set(saying.terms):
        return False
    width = len(wanted) + _SLACK_TERMS
    return any(wanted <= set(saying.terms[start : start + width]) for start in range(len(saying.terms)))
