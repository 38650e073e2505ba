"""What somebody does by saying something: greets, asks to hold, takes something back. Learnt from examples.

Agents' sentences are told apart by what agents do and callers' by what callers do (examples/acts.jsonl).
Recognised text has no sentences, so a long segment is also read in windows that overlap: an act takes a dozen
words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from transcription.analysis.examples import read_examples
from transcription.analysis.meaning.encoder import Embeddings, SentenceEncoder
from transcription.analysis.meaning.learning import Learnt, Scores, learn
from transcription.analysis.text import word_set
from transcription.semantic.line import Line

WINDOW_WORDS, STEP_WORDS = 12, 6
"""Half of the examples have twelve words or fewer; each window shares half its words with the next."""
_UNCUT_WORDS = 16
FILLERS = word_set("um umm uh uhh uhm er erm hm hmm mm mmm mhm ah eh")
"""Sounds that say nothing of what is meant."""
_DONE = "done"
"""The act that examples of interventions are of: what an agent does about something, of whatever kind."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens `first` to `last` of a line, both included; `text`: their words without fillers."""

    first: int
    last: int
    text: str


@dataclass(frozen=True, slots=True)
class Meanings:
    """`vectors`: (pieces, size); `scores`: (pieces, acts), as `Learnt.scores` has them."""

    acts: tuple[str, ...]
    pieces: tuple[Piece, ...]
    vectors: Embeddings
    scores: Scores

    def likest(self, acts: Sequence[str]) -> tuple[float, Piece | None]:
        """How far the likest piece is one of these acts, whichever; -1 where they are another side's."""
        if not self.pieces or not set(acts) <= set(self.acts):
            return -1.0, None
        # What is learnt is linear in ±1: of several classes taken as one it is the sum, moved back to ±1.
        columns = self.scores[:, [self.acts.index(act) for act in acts]]
        summed = columns.sum(axis=1) + (len(acts) - 1)
        at = int(summed.argmax())
        return float(summed[at]), self.pieces[at]

    def nearness(self, others: Sequence[Meanings]) -> float:
        """The cosine of the two pieces that are most alike; -1 where there are none."""
        theirs = [other.vectors for other in others if len(other.vectors)]
        if not theirs or not len(self.vectors):
            return -1.0
        return float((self.vectors @ np.concatenate(theirs).T).max())


NO_MEANING = Meanings((), (), np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32))


@dataclass(frozen=True, slots=True)
class Acts:
    """`serving`: near 1 for what agents say and near -1 for what callers say, of whatever act."""

    agent: Learnt
    caller: Learnt
    serving: Learnt


@lru_cache(maxsize=4)
def learnt_acts(encoder: SentenceEncoder) -> Acts:
    agents, callers = list(_examples("agent")), list(_examples("caller"))
    sides = [(text, "agent") for text, _ in agents] + [(text, "caller") for text, _ in callers]
    return Acts(
        learn(encoder.encode, agents, sorted({act for _, act in agents})),
        learn(encoder.encode, callers, sorted({act for _, act in callers})),
        learn(encoder.encode, sides, ["agent"]),
    )


def _examples(side: str) -> Iterator[tuple[str, str]]:
    for example in read_examples("acts"):
        if example.labels["side"] == side:
            yield example.text, example.labels["act"]
    if side == "agent":
        for taxonomy in ("clinic", "child_helpline"):
            yield from ((one.text, _DONE) for one in read_examples(taxonomy) if "intervention" in one.labels)


def pieces_of(line: Line) -> tuple[Piece, ...]:
    """The sentences of a line, of long ones also windows; none without words."""
    pieces: list[Piece] = []
    words: list[int] = []
    for index, token in enumerate(line.tokens):
        if token.folded not in FILLERS:
            words.append(index)
        if words and line.ends_sentence(index):
            pieces += _windows(line, words)
            words = []
    return tuple(pieces)


def _windows(line: Line, words: Sequence[int]) -> Iterator[Piece]:
    yield _piece(line, words)
    if len(words) > _UNCUT_WORDS:
        for start in range(0, len(words) - STEP_WORDS, STEP_WORDS):
            yield _piece(line, words[start : start + WINDOW_WORDS])


def _piece(line: Line, words: Sequence[int]) -> Piece:
    return Piece(words[0], words[-1], " ".join(line.tokens[index].folded for index in words))
