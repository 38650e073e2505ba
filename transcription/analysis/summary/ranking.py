"""Which sentences say most: centrality in the graph of sentences, weighted by where and what they are.

LexRank (Erkan & Radev 2004, "LexRank: graph-based lexical centrality as salience in text summarization",
section 3.2, the continuous form): sentences are nodes, tf-idf cosines their edges, the stationary
distribution of a random walk their centrality. Talk is no prose, so centrality is multiplied by weights:
courtesies and bare answers say nothing, early sentences state the issue, named things matter.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from transcription.analysis.base import Entity, Talk
from transcription.analysis.numbers import TENS, UNITS
from transcription.analysis.text import sentences, stem, stems_of
from transcription.models import Segment
from transcription.semantic.actions import find_actions
from transcription.semantic.intent import Intent, classify_intent
from transcription.semantic.line import line_of

# The damping of PageRank, as in the paper (section 3.2): 0.15 of all steps go anywhere.
_JUMP = 0.15
_STEPS = 50
# The graph grows with the square of the sentences; three hours of talk have about as many. Of longer talks
# those with the most to say are ranked.
_MOST_SENTENCES = 2000
# Two sentences closer than this say the same.
_SAME = 0.6
# Fewer words of meaning ("it's q x seven") tell nothing by themselves, unless something is named.
_SHORTEST_TERMS = 3
_INTENT_WEIGHTS: dict[Intent, float] = {
    "greeting": 0.05,
    "closing": 0.05,
    "agreement": 0.2,
    "clarification": 0.4,
    "question": 0.45,
    "decision": 1.4,
    "objection": 1.2,
    "commitment": 1.1,
    "action_item": 1.0,
    "statement": 1.0,
}
_ENTITY_WEIGHT = 0.15
_MOST_ENTITIES = 3
_NUMBERS = frozenset(stem(word) for word in (*UNITS, *TENS))
# Lines about the call itself.
_HOUSEKEEPING = re.compile(
    r"\b(?:on hold|hold on|bear with|one moment|wait a|for (?:holding|waiting|calling))\b"
)
_HOUSEKEEPING_WEIGHT = 0.1
_LEADING = re.compile(
    r"(?:(?:um|uh|er|erm|okay|ok|so|well|yes|yeah|right|and|but|hi|hello|hey|no|alright|oh|now"
    r"|(?:thanks|thank you)(?! for\b)|good (?:morning|afternoon|evening)) )+(?=\S+ \S+ \S+)"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a segment. `text` is verbatim, without the words that only lead in."""

    segment: Segment
    index: int
    text: str
    intent: Intent
    terms: tuple[str, ...]
    entities: int


def sentences_of(talk: Talk, entities: Sequence[Entity] = ()) -> list[Sentence]:
    """The sentences of a talk, in order; of a very long one those with the most words of meaning."""
    mentions: dict[int, list[Entity]] = {}
    for entity in entities:
        mentions.setdefault(entity.segment_id, []).append(entity)
    found: list[Sentence] = []
    for segment in talk.segments:
        for span in sentences(segment.text):
            text = without_lead(span.text)
            inside = [
                entity
                for entity in mentions.get(segment.id, ())
                if span.start <= entity.start and entity.end <= span.end
            ]
            found.append(
                Sentence(segment, len(found), text, classify_intent(text), tuple(stems_of(text)), len(inside))
            )
    if len(found) <= _MOST_SENTENCES:
        return found
    longest = sorted(found, key=lambda sentence: -len(sentence.terms))[:_MOST_SENTENCES]
    kept = sorted(longest, key=lambda sentence: sentence.index)
    return [replace(sentence, index=index) for index, sentence in enumerate(kept)]


def without_lead(text: str) -> str:
    """The text without the hesitations and openers that it starts with; never less than three words."""
    line = line_of(text)
    lead = _LEADING.match(line.folded)
    return text[line.tokens[line.index_at(lead.end())].start :] if lead else text


def similarities(found: Sequence[Sentence]) -> npt.NDArray[np.float64]:
    """The cosines of all pairs of sentences, tf-idf weighted: shape (n, n)."""
    vocabulary = {term: column for column, term in enumerate(sorted({t for s in found for t in s.terms}))}
    matrix = np.zeros((len(found), max(1, len(vocabulary))))
    holding = Counter(term for sentence in found for term in set(sentence.terms))
    for row, sentence in enumerate(found):
        for term, count in Counter(sentence.terms).items():
            matrix[row, vocabulary[term]] = count * (1 + math.log(len(found) / holding[term]))
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    unit = np.divide(matrix, norms, out=np.zeros_like(matrix), where=norms > 0)
    cosines: npt.NDArray[np.float64] = unit @ unit.T
    return cosines


def centrality(similar: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The stationary distribution of a walk over the sentences: shape (n,), sums to 1."""
    count = len(similar)
    totals = similar.sum(axis=1, keepdims=True)
    steps = np.divide(similar, totals, out=np.full_like(similar, 1 / count), where=totals > 0)
    rank = np.full(count, 1 / count)
    for _ in range(_STEPS):
        rank = _JUMP / count + (1 - _JUMP) * (rank @ steps)
    return rank


def ranked(found: Sequence[Sentence], similar: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How much each sentence says: shape (n,); 0 for what says nothing."""
    scores = centrality(similar)
    for row, sentence in enumerate(found):
        length = min(1.0, len(sentence.terms) / 5)
        early = 1.0 + 0.5 * (1 - row / len(found))
        named = 1.0 + _ENTITY_WEIGHT * min(_MOST_ENTITIES, sentence.entities)
        does = 1.2 if find_actions(sentence.text) else 1.0
        about_call = bool(_HOUSEKEEPING.search(line_of(sentence.text).folded))
        scores[row] *= _HOUSEKEEPING_WEIGHT if about_call else 1.0
        telling = {term for term in sentence.terms if len(term) > 2 and term not in _NUMBERS}
        says = len(telling) + sentence.entities >= _SHORTEST_TERMS
        scores[row] *= _INTENT_WEIGHTS[sentence.intent] * length * early * named * does * says
    return scores


def best_of(
    found: Sequence[Sentence],
    scores: npt.NDArray[np.float64],
    similar: npt.NDArray[np.float64],
    limit: int,
) -> list[Sentence]:
    """At most `limit` sentences that say most and do not repeat each other, in order of speech."""
    chosen: list[int] = []
    for row in sorted(range(len(found)), key=lambda row: (-scores[row], row)):
        if len(chosen) == limit or scores[row] <= 0:
            break
        if all(similar[row, other] < _SAME for other in chosen):
            chosen.append(row)
    return [found[row] for row in sorted(chosen)]
