"""Who is to do what: promises, requests and duties, and what was decided, quoted from what was said.

A mention begins at its cue ("i will", "please") and ends where the sentence or, in text without
punctuation, the clause does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from transcription.analysis.text import word_set
from transcription.semantic.cues import cues_of
from transcription.semantic.line import Line, line_of

Pattern = Literal["promise", "next_step", "request", "please", "obligation", "suggestion"]

_CUES = cues_of("actions")
_PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
_SHORTEST_CLAUSE_WORDS = 4
_LONGEST_CLAUSE_WORDS = 28
_LINKS = word_set(
    "if when that because what how where why which who to until after before once and or for with at on in "
    "of from about as not by the a my your while whether than"
)


@dataclass(frozen=True, slots=True)
class ActionMention:
    """Verbatim words that say what is to be done. `start`, `end`: code points in the text."""

    text: str
    pattern: Pattern
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DecisionMention:
    """Verbatim words that say what was decided. `start`, `end`: code points in the text."""

    text: str
    start: int
    end: int


@lru_cache(maxsize=2048)
def find_actions(text: str) -> tuple[ActionMention, ...]:
    """What is to be done according to a text, in order, without overlaps."""
    line = line_of(text)
    found: list[tuple[int, int, Pattern]] = []
    for pattern in _PATTERNS:
        for match in _CUES[pattern].finditer(line.folded):
            first = line.index_at(match.start())
            found.append((first, clause_end(line, first, line.index_at(match.end() - 1)), pattern))
    mentions: list[ActionMention] = []
    covered = -1
    for first, last, pattern in sorted(found, key=lambda item: (item[0], -item[1])):
        if first > covered:
            covered = last
            mentions.append(
                ActionMention(
                    line.verbatim(first, last), pattern, line.tokens[first].start, line.tokens[last].end
                )
            )
    return tuple(mentions)


@lru_cache(maxsize=2048)
def find_decisions(text: str) -> tuple[DecisionMention, ...]:
    """What was decided according to a text, in order. Denied ones ("we have not decided") are left out."""
    line = line_of(text)
    mentions: list[DecisionMention] = []
    covered = -1
    for match in _CUES["decision"].finditer(line.folded):
        first = line.index_at(match.start())
        if first <= covered or line.negated(match.start()):
            continue
        first = clause_start(line, first)
        covered = clause_end(line, first, line.index_at(match.end() - 1))
        mentions.append(
            DecisionMention(line.verbatim(first, covered), line.tokens[first].start, line.tokens[covered].end)
        )
    return tuple(mentions)


@lru_cache(maxsize=2048)
def find_proposals(text: str) -> tuple[DecisionMention, ...]:
    """What is offered in a text: it is decided once the other side agrees."""
    line = line_of(text)
    mentions: list[DecisionMention] = []
    covered = -1
    for match in _CUES["proposal"].finditer(line.folded):
        first = line.index_at(match.start())
        if first > covered and not line.negated(match.start()):
            covered = clause_end(line, first, line.index_at(match.end() - 1))
            mentions.append(
                DecisionMention(
                    line.verbatim(first, covered), line.tokens[first].start, line.tokens[covered].end
                )
            )
    return tuple(mentions)


def clause_end(line: Line, first: int, cue_last: int) -> int:
    """The last token of the clause that begins at token `first` and whose cue ends at `cue_last`."""
    last_possible = min(len(line.tokens) - 1, first + _LONGEST_CLAUSE_WORDS - 1)
    for index in range(cue_last, last_possible + 1):
        if line.ends_sentence(index):
            return index
        if (
            index >= cue_last
            and index - first + 1 >= _SHORTEST_CLAUSE_WORDS
            and line.tokens[index].folded not in _LINKS
            and _CUES["next_clause"].match(line.folded, line.starts[index + 1])
        ):
            return index
    return last_possible


def clause_start(line: Line, cue_first: int) -> int:
    """The first token of the sentence that token `cue_first` stands in, at most three words before it."""
    first = cue_first
    while first > 0 and cue_first - first < 3 and not line.ends_sentence(first - 1):
        if line.tokens[first - 1].folded in {"okay", "ok", "so", "and", "yes", "but", "well", "then"}:
            break
        first -= 1
    return first if first == 0 or cue_first - first < 3 else cue_first
