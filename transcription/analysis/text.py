"""Words, sentences and ranking, for text as recognisers write it and as people do.

Tokens keep their offsets in code points, so that whatever is found can be quoted verbatim.
"""

from __future__ import annotations

import math
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import snowballstemmer

from transcription.analysis.numbers import (
    DigitRun,
    Number,
    digit_runs,
    numbers_in,
    parse_number,
    parse_year,
    word_set,
)

__all__ = [
    "QUESTION_WITHIN",
    "STOPWORDS",
    "Bm25",
    "DigitRun",
    "Number",
    "Span",
    "Token",
    "digit_runs",
    "folded",
    "is_question",
    "numbers_in",
    "parse_number",
    "parse_year",
    "sentences",
    "stem",
    "stems_of",
    "tokens",
    "word_set",
    "words_of",
]

_TOKEN = re.compile(r"\d+(?:[.,:]\d+)+|\w+(?:['’]\w+)*")

# Function words of English and the sounds of hesitation. Negations are left out: they change an answer.
STOPWORDS = word_set(
    "a about after again all also am an and any are as at be because been before being but by can could did "
    "do does doing down during each for from further had has have having he he's her here hers herself him "
    "himself his how i i'd i'll i'm i've if in into is it it's its itself just let's me more most my myself "
    "now of off oh ok okay on once only or other our ours out over own please really right same she she's "
    "should so some such than that that's the their theirs them themselves then there there's these they "
    "they're this those through to too uh um under until up us very was we we'll we're we've well were what "
    "what's when where which while who whom why will with would yeah yes you you'll you're you've your yours "
    "yourself er erm ah hmm mm sure thing things get got going go"
)

_ABBREVIATIONS = word_set("dr mr mrs ms prof rev sr jr st vs etc no e.g i.e a.m p.m approx dept inc ltd co")
_SENTENCE_END = re.compile(r"[.!?…。！？]+[\"'”’)]*(?=\s|$)|[。！？]|\n+")
# An unpunctuated stretch longer than this is cut before words that start a clause.
_LONG_STRETCH_WORDS = 20
_SHORTEST_PIECE_WORDS = 5
_CLAUSE_STARTS = word_set("and but so because then okay ok well now also or yes yeah no")
_SUBJECTS = word_set(
    "i i'm i'll i've you you're you'll he she it we we'll we're they there that this my the can could do did "
    "is are will would what where when who how"
)

# What a question starts with, once `and`, `okay` and the like are passed over; a statement may start with
# the same words (`when she came`, `do not lift`, `which is near`), so the next word is looked at as well.
_AUXILIARY = r"(?:do|does|did|is|are|am|was|were|have|has|had|can|could|will|would|should|shall|may|might)"
_PRONOUN = r"(?:i|you|he|she|it|we|they)"
_QUESTION_START = re.compile(
    "|".join(
        (
            r"(?:what|how|where|when|who|whom|whose|why|which)$",
            rf"(?:what|how|where|when|who|whom|whose|why)(?:'s|'re| {_AUXILIARY})\b",
            rf"(?:what|which|whose|how) (?!{_PRONOUN}\b)(?:\w+ ){{1,2}}{_AUXILIARY}\b",
            r"(?:what|who) \w+ed\b",
            r"how (?:old|many|much|long|often|far|bad|about|come|severe)\b",
            r"(?:what|which|how) (?:about|kind|time|sort|else|brings|happened|seems)\b",
            rf"{_AUXILIARY} (?:{_PRONOUN}|there|that|this|the|your|his|her|my|our|their|any\w*|some\w*)\b",
            r"(?:is|are|does|did|was|were|has) (?!not\b)\w+ \w+",
            r"any(?:thing|one|body)?\b(?! time| day)",
            r"since when\b",
            r"(?:please )?(?:tell me|give me|spell|describe|confirm)\b",
            r"(?:and )?(?:your|the|his|her) (?:\w+ ){1,3}please$",
        )
    )
)
QUESTION_WITHIN = re.compile(
    r"\b(?:"
    + "|".join(
        (
            r"(?:do|did|are|have|were|can|could|would|will) you",
            r"(?:can|may|could|should|shall) (?:i|we)",
            r"what(?:'s| is| are| was) (?:your|the|his|her|that)|what (?:brings|happened|seems)",
            r"how (?:old|many|much|long|often|bad) (?:are|is|do|did|have)",
            r"where (?:do|are|did|is) (?:you|he|she|it|they|the)",
            r"who (?:am|are|is|do|did) (?:i|we|you|this)",
            r"what(?:'s| is| has) (?:been )?(?:going on|happening|wrong)",
            r"(?:what|which) \w+ (?:is|are|was|do|did|does|can|should) (?:it|you|i|we|he|she|they|this|that)",
            r"is (?:there|that) any\w*|when (?:was|did|is) (?:that|this|it|you|he|she|the)",
        )
    )
    + r")\b"
)
_LEADING = word_set(
    "and okay ok so well now right alright then but also um uh hello hi yes yeah sorry great thanks"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text: as written, folded, and where: code points [start, end)."""

    text: str
    folded: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Span:
    """A verbatim piece of a text: code points [start, end)."""

    text: str
    start: int
    end: int


def folded(text: str) -> str:
    """Lower case, without accents, with straight apostrophes: the form in which words are compared."""
    decomposed = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()


def tokens(text: str) -> tuple[Token, ...]:
    """The words and figures of a text, in order, with their offsets; `3:30` and `1,200` are one each."""
    return tuple(
        Token(match.group(), folded(match.group()), match.start(), match.end())
        for match in _TOKEN.finditer(text)
    )


def words_of(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return [token.folded for token in tokens(text)]


_stemmers = threading.local()  # a snowball stemmer keeps its word in itself


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Snowball's English stem of one folded word (possessive endings dropped)."""
    stemmer = getattr(_stemmers, "english", None)
    if stemmer is None:
        stemmer = _stemmers.english = snowballstemmer.stemmer("english")
    stemmed: str = stemmer.stemWord(word)
    return stemmed


def stems_of(text: str) -> list[str]:
    """The stems of the words that carry meaning, in order."""
    return [stem(word) for word in words_of(text) if word not in STOPWORDS]


def sentences(text: str) -> tuple[Span, ...]:
    """The sentences of a text. Text without punctuation is cut before words that start a clause."""
    pieces: list[Span] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        before = text[start : match.start()].rsplit(None, 1)[-1:] or [""]
        last = before[0].casefold().lstrip("(\"'")
        if match.group().startswith(".") and (last in _ABBREVIATIONS or (len(last) == 1 and last.isalpha())):
            continue
        pieces += _clauses(text, start, match.end())
        start = match.end()
    pieces += _clauses(text, start, len(text))
    return tuple(pieces)


def _clauses(text: str, start: int, end: int) -> list[Span]:
    """[start, end) as it is, or cut where it is long and nothing in it marks an end."""
    words = list(tokens(text[start:end]))
    cuts = [start]
    if len(words) > _LONG_STRETCH_WORDS:
        since = 0
        for index, (word, following) in enumerate(pairwise(words)):
            if (
                index - since >= _SHORTEST_PIECE_WORDS
                and len(words) - index >= _SHORTEST_PIECE_WORDS
                and word.folded in _CLAUSE_STARTS
                and following.folded in _SUBJECTS
            ):
                cuts.append(start + word.start)
                since = index
    spans = []
    for piece_start, piece_end in zip(cuts, [*cuts[1:], end], strict=True):
        piece = text[piece_start:piece_end]
        stripped = piece.strip()
        if any(char.isalnum() for char in stripped):
            at = piece_start + len(piece) - len(piece.lstrip())
            spans.append(Span(stripped, at, at + len(stripped)))
    return spans


def is_question(text: str) -> bool:
    """Whether a text asks something: by its mark, its first word, or a question within it."""
    if "?" in text:
        return True
    words = words_of(text)
    start = 0
    while start < len(words) and words[start] in _LEADING:
        start += 1
    plain = " ".join(words[start:])
    if _QUESTION_START.match(plain) or (start and _QUESTION_START.match(" ".join(words))):
        return True
    return QUESTION_WITHIN.search(plain) is not None


class Bm25:
    """Okapi BM25 (Robertson & Zaragoza 2009, section 3.4) over documents given as lists of terms.

    idf is Lucene's log(1 + (N - n + 0.5) / (n + 0.5)): never negative, so that a term that most of a short
    conversation holds counts little instead of against.
    """

    def __init__(self, documents: Sequence[Sequence[str]], *, k1: float = 1.2, b: float = 0.75) -> None:
        self.k1, self.b = k1, b
        self._counts = [Counter(document) for document in documents]
        self._lengths = [len(document) for document in documents]
        self._mean_length = sum(self._lengths) / len(documents) if documents else 0.0
        self._holding = Counter(term for counts in self._counts for term in counts)

    def idf(self, term: str) -> float:
        holding = self._holding[term]
        return math.log(1 + (len(self._counts) - holding + 0.5) / (holding + 0.5))

    def score(self, query: Sequence[str], index: int) -> float:
        """The score of document `index` for the terms of `query`; 0 where it holds none of them."""
        counts, length = self._counts[index], self._lengths[index]
        spread = (
            self.k1 * (1 - self.b + self.b * length / self._mean_length) if self._mean_length else self.k1
        )
        return sum(
            self.idf(term) * counts[term] * (self.k1 + 1) / (counts[term] + spread)
            for term in query
            if counts[term]
        )

    def scores(self, query: Sequence[str]) -> list[float]:
        """The scores of all documents, in order."""
        return [self.score(query, index) for index in range(len(self._counts))]
