"""A segment as the entity rules see it: its words with offsets, and what was asked just before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from transcription.analysis.text import Token, folded, tokens, word_set
from transcription.models import Segment

# What a question asks for, by the label of the entity that answers it.
_ASKING = {
    "PERSON": (
        r"(?:your|his|her|the|full|first|last|\w+'s) name|name please",
        r"who(?:'s| is| are| am i) (?:calling|speaking|this)|who is (?:the|your)",
        r"who you are|(?:what|which) name|who (?:do|am|have) (?:i|we) ",
        r"what (?:do|should|can|may) (?:i|we|they) call (?:you|him|her)",
    ),
    "AGE": (
        r"how old|what age|(?:your|his|her|the|child's|patient's) age",
        r"^(?:(?:and|um|uh|so|okay|now) )*age\b",
    ),
    "LOCATION": (
        r"where(?:abouts)? (?:are|do|does|is|did|was|were|exactly|about)|where's",
        r"(?:your|the|home) (?:home )?address|your location",
        r"(?:which|what)(?: part of)?(?: the)? (?:town|city|county|country|village|area|state|district)",
    ),
    "PHONE_NUMBER": (
        r"(?:phone|telephone|mobile|contact|cell|callback|call back)(?: number)?",
        r"(?:best|your) number|number (?:can|should|to|do|could|may|i|we)|reach you (?:on|at|back)",
    ),
    "EMAIL": (r"e ?mail",),
    "MONEY": (
        r"how much (?:money|does|did|do|will|is|was|would|are|were)",
        r"(?:what|how much) .*\b(?:cost|price|fee|pay|paid)",
    ),
    "REFERENCE": (  # no label of an entity: its digits are no phone number
        r"(?:reference|booking|case|account|card|order|ticket|policy|passport|confirmation|customer)"
        r" (?:number|code|reference)|reference",
    ),
    "DATE": (
        r"date of birth|birthday|born|since when|(?:what|which) (?:day|date)",
        r"when (?:did|was|were|is|are|will)",
    ),
    "TIME": (r"what time|when (?:should|do|does|can)",),
}
_ASKING_PATTERNS = {label: re.compile(rf"\b(?:{'|'.join(phrases)})\b") for label, phrases in _ASKING.items()}
FILLERS = word_set("um uh umm uhm erm hmm")
# A reply may follow a short acknowledgement of the other side, no more.
_LOOK_BACK_SEGMENTS = 2


def asked_in(text: str) -> frozenset[str]:
    """The labels that a text asks for."""
    plain = folded(text)
    return frozenset(label for label, pattern in _ASKING_PATTERNS.items() if pattern.search(plain))


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate: code points [start, end) of the segment's text."""

    label: str
    start: int
    end: int


@dataclass(frozen=True)
class Line:
    """A segment with what the rules need. `asked`: the labels that the segments before asked for."""

    segment: Segment
    asked: frozenset[str]

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """Without fillers: `my name um is grace`."""
        return tuple(token for token in tokens(self.segment.text) if token.folded not in FILLERS)

    @cached_property
    def words(self) -> list[str]:
        """The folded words, one for each token."""
        return [token.folded for token in self.tokens]

    @cached_property
    def cased(self) -> bool:
        """Whether capitals mean something here: some words have them, and some have none."""
        capitals = sum(token.text[0].isupper() and token.folded != "i" for token in self.tokens)
        return capitals > 0 and any(token.text[0].islower() for token in self.tokens)

    @property
    def text(self) -> str:
        return self.segment.text

    def capital(self, index: int) -> bool:
        return self.cased and self.tokens[index].text[0].isupper()

    def starts_sentence(self, index: int) -> bool:
        return index == 0 or bool(re.search(r"[.!?]", self.gap(index - 1)))

    def gap(self, index: int) -> str:
        """What stands between token `index` and the next."""
        tokens_here = self.tokens
        end = tokens_here[index + 1].start if index + 1 < len(tokens_here) else len(self.text)
        return self.text[tokens_here[index].end : end]

    def found(self, label: str, start: int, end: int) -> Found:
        """Over the tokens [start, end)."""
        return Found(label, self.tokens[start].start, self.tokens[end - 1].end)

    def before(self, index: int, count: int) -> list[str]:
        """Up to `count` words before token `index`."""
        return self.words[max(0, index - count) : index]


def lines_of(segments: Sequence[Segment]) -> list[Line]:
    """The segments with what was asked before each, by another speaker (by anyone where none is known)."""
    lines = []
    for index, segment in enumerate(segments):
        asked: frozenset[str] = frozenset()
        for earlier in reversed(segments[max(0, index - _LOOK_BACK_SEGMENTS) : index]):
            if segment.speaker_id is None or earlier.speaker_id != segment.speaker_id:
                asked = asked_in(earlier.text)
                if asked or len(earlier.text.split()) > 3:
                    break
        lines.append(Line(segment, asked))
    return lines
