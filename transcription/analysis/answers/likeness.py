"""How much each sentence of a talk is like what a shipped question is asked by, and like what answers it.

Both are learnt from examples of the question's set; sentences that touch the same subject and answer
nothing, and what else is said on the telephone, are examples of neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from transcription.analysis.answers.question_sets import helpline_intake, nurse_intake
from transcription.analysis.answers.units import Unit
from transcription.analysis.base import Question
from transcription.analysis.examples import read_examples
from transcription.analysis.meaning.encoder import SentenceEncoder
from transcription.analysis.meaning.learning import BACKGROUND, Learnt, Scores, learn
from transcription.analysis.meaning.spoken import telling, windows

_SETS = {"nurse_intake": nurse_intake, "helpline_intake": helpline_intake}
_WINDOW_WORDS = (8, 14)
"""A long sentence says several things, some in a few words; one word of a fact in fourteen is lost among
them."""
_LONGEST_WHOLE_WORDS = 24
# What is done by saying something that asks for no fact and tells none that a question of a set is after.
_NO_FACTS = {
    "agent": frozenset(
        {
            "opening", "curt_opening", "empathy", "rude", "asks_to_hold", "explains_hold", "back_from_hold",
            "thanks_for_holding", "further_help", "satisfaction", "closing", "curt_closing", "acknowledges",
            "small_talk", "self_correction", "does_not_know", "consults", "earlier_case", "paraphrase",
        }
    ),
    "caller": frozenset(
        {
            "called_before", "told_off", "does_not_understand", "understands", "asks", "small_talk",
            "thanks_goodbye", "repeats",
        }
    ),
}  # fmt: skip

# What one sentence may tell together.
_KIN = (
    frozenset({"chief_complaint", "symptoms"}),
    frozenset({"treatment_plan", "discharge_instructions"}),
    frozenset({"what_happened", "who_did_it", "when"}),
)


def set_of(question: Question) -> str | None:
    """The shipped set that a question is of, by its id and its words; None for one of somebody's own."""
    return next((name for name in _SETS if (question.id, question.text) in _known(name)), None)


@cache
def _known(name: str) -> frozenset[tuple[str, str]]:
    return frozenset((question.id, question.text) for question in _SETS[name]())


@dataclass(frozen=True, slots=True)
class Likeness:
    """`asked`, `told`: (units, questions), near 1 for what is like the examples, near -1 for what is not."""

    ids: tuple[str, ...]
    asked: Scores
    told: Scores

    def of(self, question: Question) -> tuple[Scores, Scores]:
        """(units,) and (units,)."""
        at = self.ids.index(question.id)
        return self.asked[:, at], self.told[:, at]


def likeness(units: Sequence[Unit], name: str, encoder: SentenceEncoder) -> Likeness:
    """Of each unit to the questions of a shipped set: the most that any part of it has."""
    asked, told = _learnt(encoder, name)
    parts = [_parts(unit) for unit in units]
    vectors = encoder.encode([text for texts in parts for text in texts])
    starts = np.cumsum([0, *(len(texts) for texts in parts[:-1])])
    most = [np.maximum.reduceat(learnt.scores(vectors), starts, axis=0) for learnt in (asked, told)]
    return Likeness(asked.classes, *most)


def _parts(unit: Unit) -> list[str]:
    words = telling(" ".join(unit.words)).split()
    parts = [" ".join(words[:_LONGEST_WHOLE_WORDS])]
    parts += [text for length in _WINDOW_WORDS for text in windows(words, length)]
    return list(dict.fromkeys(parts))


@lru_cache(maxsize=4)
def _learnt(encoder: SentenceEncoder, name: str) -> tuple[Learnt, Learnt]:
    ids = [question.id for question in _SETS[name]()]
    asked, told = ([*_of_set(name, how), *_of_acts()] for how in ("asked", "told"))
    return learn(encoder.encode, asked, ids), learn(encoder.encode, told, ids, _KIN)


def _of_set(name: str, wanted: str) -> Iterator[tuple[str, str]]:
    for example in read_examples(name):
        yield example.text, example.labels["question"] if example.labels["as"] == wanted else BACKGROUND


def _of_acts() -> Iterator[tuple[str, str]]:
    for example in read_examples("acts"):
        if example.labels["act"] in _NO_FACTS[example.labels["side"]]:
            yield example.text, BACKGROUND
