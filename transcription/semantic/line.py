"""A text as the rules read it: folded words with one space between, each traced back to where it stands.

Rules are regular expressions over `Line.folded`; what they find is quoted from the original text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from transcription.analysis.text import Token, tokens, word_set

# A negation reaches this many words forward ("i do not really want to cancel"): the window of NegEx
# (Chapman et al. 2001) is five words; spoken clauses without punctuation want a shorter one.
NEGATION_REACH_WORDS = 4
_NEGATION = re.compile(r"(?:not|never|no|without|nor|neither|none|nobody|nothing|cannot|hardly|\w+n't)$")
# After one of these a new clause begins, which an earlier negation does not reach.
_CLAUSE_BREAKS = frozenset({"but", "and", "so", "because", "then", "okay", "ok", "yes"})
_STOP = re.compile(r"[.!?;:…。！？\n]")


@dataclass(frozen=True, slots=True)
class Line:
    """`starts[i]`: where token i begins in `folded`."""

    text: str
    folded: str
    tokens: tuple[Token, ...]
    starts: tuple[int, ...]

    def index_at(self, position: int) -> int:
        """The token that the code point `position` of `folded` belongs to."""
        return bisect_right(self.starts, position) - 1

    def verbatim(self, first: int, last: int) -> str:
        """The original text from token `first` to token `last`, both included."""
        return self.text[self.tokens[first].start : self.tokens[last].end]

    def ends_sentence(self, index: int) -> bool:
        """Whether punctuation between token `index` and the next one ends a sentence."""
        if index + 1 >= len(self.tokens):
            return True
        return bool(_STOP.search(self.text, self.tokens[index].end, self.tokens[index + 1].start))

    def negated(self, position: int) -> bool:
        """Whether a negation before `position` of `folded` reaches it within its clause."""
        index = self.index_at(position)
        for before in range(index - 1, max(-1, index - 1 - NEGATION_REACH_WORDS), -1):
            word = self.tokens[before].folded
            if self.ends_sentence(before) or word in _CLAUSE_BREAKS:
                return False
            if _NEGATION.match(word):
                # A bare "no" that answers ("no i want to cancel") denies what was asked, not what follows; so
                # does the end of "refund me or not if not i will cancel".
                alone = word == "no" or (
                    word == "not" and before > 0 and self.tokens[before - 1].folded in {"if", "or"}
                )
                return not (alone and self.tokens[before + 1].folded in _AFTER_AN_ANSWER)
        return False


_AFTER_AN_ANSWER = word_set(
    "i i'm i've i'd it it's he she we they my the that that's thank thanks there this you no"
)


@lru_cache(maxsize=2048)
def line_of(text: str) -> Line:
    """Read a text; the last ones are kept, since several rules read the same segment."""
    found = tokens(text)
    starts: list[int] = []
    at = 0
    for token in found:
        starts.append(at)
        at += len(token.folded) + 1
    return Line(text, " ".join(token.folded for token in found), found, tuple(starts))
