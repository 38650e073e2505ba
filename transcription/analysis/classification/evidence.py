"""What was said, as terms that labels are compared with: stems, with a sign where they are denied.

"can't breathe" gives the term `not breath`, which a description that says "can't breathe" holds too, and
one that says "breathing" does not: a denial is evidence of its own and none for what it denies.
"""

from __future__ import annotations

from dataclasses import dataclass

from transcription.analysis.base import Talk
from transcription.analysis.text import STOPWORDS, stem, word_set
from transcription.semantic.asking import question_at
from transcription.semantic.line import line_of

# Courtesies and the verbs of talking tell nothing of what a conversation is about.
_COURTESIES = word_set(
    "thank thanks hello hi hey good morning afternoon evening goodbye bye sorry help helping call calling "
    "called caller say says said tell told like know think okay alright great perfect welcome today need "
    "needs want wants someone something anything everything nothing somebody nobody anybody not no never "
    "none don't doesn't didn't can't cannot couldn't won't wouldn't isn't aren't wasn't weren't haven't "
    "hasn't hadn't without nor neither yes yeah one two time times make made come came put take takes "
    "took taking let back give gave see maybe much many still always been "
)
_YES = word_set("yes yeah yep yup right correct exactly definitely sometimes always")
_NO = word_set("no nope not never none nothing nobody")
# A question is no evidence for what it asks about until it is answered, and none once it is denied.
_OPEN_QUESTION_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as stems of all its words, with those that carry meaning as signed terms; None: they do not."""

    stems: tuple[str, ...]
    signed: tuple[str | None, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        return tuple(term for term in self.signed if term is not None)


def read(text: str) -> Reading:
    line = line_of(text)
    stems = tuple(stem(token.folded) for token in line.tokens)
    return Reading(
        stems,
        tuple(
            None
            if token.folded in STOPWORDS or token.folded in _COURTESIES or token.folded.isdigit()
            else f"not {stemmed}"
            if line.negated(start)
            else stemmed
            for token, stemmed, start in zip(line.tokens, stems, line.starts, strict=True)
        ),
    )


@dataclass(frozen=True, slots=True)
class Saying:
    """One segment: what was read in it, whether the agent said it, and how far it counts (0 to 1)."""

    segment_id: int
    reading: Reading
    by_agent: bool | None
    weight: float


def sayings_of(talk: Talk, agent: str | None) -> tuple[Saying, ...]:
    """The segments as evidence. `by_agent` None: who the agent is, or who spoke, is not known."""
    sayings = []
    for index, segment in enumerate(talk.segments):
        by_agent = None if agent is None or segment.speaker_id is None else segment.speaker_id == agent
        weight = 1.0
        # What callers ask about is their concern; what agents ask about may be a list they go through.
        if by_agent is not False and question_at(line_of(segment.text)) is not None:
            weight = _question_weight(talk, index)
        if weight:
            sayings.append(Saying(segment.id, read(segment.text), by_agent, weight))
    return tuple(sayings)


def _question_weight(talk: Talk, index: int) -> float:
    asked = talk.segments[index]
    if index + 1 >= len(talk.segments) or talk.segments[index + 1].speaker_id == asked.speaker_id:
        return _OPEN_QUESTION_WEIGHT
    first = [token.folded for token in line_of(talk.segments[index + 1].text).tokens[:2]]
    if any(word in _NO for word in first[:1]):
        return 0.0
    return 1.0 if any(word in _YES for word in first) else _OPEN_QUESTION_WEIGHT
