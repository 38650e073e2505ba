"""Signs that a conversation is going wrong: escalation, churn risk, pricing. Denied ones do not count."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from transcription.semantic.cues import cues_of
from transcription.semantic.line import Line, line_of

_BUILT_IN = cues_of("risks")
RISK_TAGS: tuple[str, ...] = tuple(_BUILT_IN)
# Said of these, a denial is the sign itself ("i can't afford", "not renewing").
_DENIAL_COUNTS = re.compile(r"afford|renew|never|expensive|cheap")


@dataclass(frozen=True, slots=True)
class RiskMention:
    """Verbatim words that are a sign of the risk `tag`. `start`, `end`: code points in the text."""

    tag: str
    text: str
    start: int
    end: int


def compile_phrases(phrases: Mapping[str, tuple[str, ...]]) -> dict[str, re.Pattern[str]]:
    """Patterns for an operator's own phrases, by tag."""
    return {
        tag: re.compile("|".join(rf"\b{re.escape(line_of(phrase).folded)}\b" for phrase in given))
        for tag, given in phrases.items()
        if given
    }


def find_risks(text: str, further: Mapping[str, re.Pattern[str]] | None = None) -> tuple[RiskMention, ...]:
    """The signs of risk in a text, in order of tag and place; denied ones are left out.

    Pricing is a topic, not a judgement: a denial ("no fees") still speaks of it and counts.
    """
    line = line_of(text)
    found: list[RiskMention] = []
    for tag, pattern in [*_BUILT_IN.items(), *(further or {}).items()]:
        for match in pattern.finditer(line.folded):
            if tag != "pricing" and _denied(line, match):
                continue
            first, last = line.index_at(match.start()), line.index_at(match.end() - 1)
            found.append(
                RiskMention(tag, line.verbatim(first, last), line.tokens[first].start, line.tokens[last].end)
            )
    return tuple(found)


def _denied(line: Line, match: re.Match[str]) -> bool:
    return line.negated(match.start()) and not _DENIAL_COUNTS.search(match.group())
