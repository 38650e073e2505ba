"""A question, ready to be matched against what was said."""

from __future__ import annotations

from transcription.analysis.answers.units import (
    PERSON_TERMS,
    PRONOUNS,
    Unit,
    question_terms,
    stemmed,
    terms_of,
)
from transcription.analysis.answers.values import EXPLAINED, labels_of, type_of
from transcription.analysis.base import Question
from transcription.analysis.text import Bm25, word_set, words_of

# A question of the talk that asks for the same kind of value, whatever its words.
_SAME_VALUE_MATCH = 0.7
_NAMING = word_set("named called name is")
# What the one who serves says, not the one who is served.
_SERVICE_WORDS = word_set("diagnosis treatment discharge instructions follow-up vital prescribed advised")
# Whose the wanted value is.
_CALLER_WORDS = word_set("patient patient's caller caller's customer customer's client client's")
# Asked for by these, the reason for the call is wanted.
_OPENING_HINTS = ("how can i help", "what can i do for you", "what can we do for you")
_AGENT_WORDS = word_set("agent agent's nurse nurse's counsellor counselor operator advisor representative")


class Wanted:
    """What a question wants, and how well a sentence fits it.

    A match is between 0 and 1: of the question's terms the share that is there, weighed by their rarity in
    the talk (idf of Okapi BM25); how many of the hints are there (one: 0.5, two: 0.75, …); and whether a
    question asks for the same kind of value. They are taken together as independent signs:
    1 - (1 - a)(1 - b)(1 - c).
    """

    def __init__(self, question: Question, ranking: Bm25) -> None:
        self.answer_type = type_of(question)
        self.labels = frozenset(labels_of(self.answer_type))
        self.of_agent = bool(_AGENT_WORDS & set(words_of(question.text)))
        words = set(words_of(question.text))
        self.of_service = bool(_SERVICE_WORDS & words)
        self.of_caller_alone = bool(_CALLER_WORDS & words) and self.answer_type in {"name", "age", "list"}
        self.asks_for_reason = self.answer_type == "text" and bool(set(_OPENING_HINTS) & set(question.hints))
        explained = set(terms_of(EXPLAINED.get(self.answer_type, "")))
        terms = question_terms(question.text) or ([] if self.labels else terms_of(question.text))
        self._other_terms = [term for term in terms if term not in explained]
        self._weights = {term: ranking.idf(term) for term in terms}
        self._hints = [_hint(hint) for hint in question.hints]
        if words_of(question.text)[:1] == ["why"]:
            self._hints.append(_hint("because"))

    def match(self, unit: Unit) -> float:
        """How well a unit fits, 0..1."""
        total = sum(self._weights.values())
        there = sum(weight * self._held(term, unit) for term, weight in self._weights.items())
        coverage = there / total if total else 0.0
        said = unit.stemmed
        hints = sum(phrase in said or bool(terms and terms <= unit.terms) for phrase, terms in self._hints)
        asks_for_it = unit.asking and bool(self.labels & unit.asked)
        same_value = _SAME_VALUE_MATCH * self.explained(unit) if asks_for_it else 0.0
        return 1 - (1 - coverage) * 0.5**hints * (1 - same_value)

    def explained(self, unit: Unit) -> float:
        """Of the terms that the answer type does not explain, the share that the unit holds; 1 for none."""
        if not self._other_terms:
            return 1.0
        return sum(self._held(term, unit) for term in self._other_terms) / len(self._other_terms)

    def _held(self, term: str, unit: Unit) -> float:
        # A name is of whoever is named, and `he is called` says it of the last person meant.
        return unit.holds(term, by_pronoun=self.answer_type != "name" or bool(self.labels & unit.asked))

    def stands_before(self, text: str) -> bool:
        """Whether a text ends with what the question asks for, as in `my son`, `an adjuster named`, `he's
        called` before a name."""
        words = words_of(text)
        while words and words[-1] in _NAMING:
            words.pop()
        if words and words[-1] in PRONOUNS:
            return bool(PERSON_TERMS & set(self._weights))
        return bool(set(terms_of(" ".join(words[-1:]))) & set(self._weights))

    @property
    def of_caller(self) -> bool:
        """Whether nobody but the caller is meant."""
        return not self._other_terms and not self.of_agent

    def wants_other_than(self, unit: Unit) -> bool:
        """Whether a value is wanted that the question `unit` does not ask for."""
        return bool(self.labels) and not self.labels & unit.asked


def _hint(hint: str) -> tuple[str, frozenset[str]]:
    """The phrase as it would stand in `Unit.stemmed`, and the terms that stand for it in any order: none
    where only one of several words carries meaning (`at home`, `when did`)."""
    words, terms = words_of(hint), terms_of(hint)
    enough = len(terms) > 1 or len(terms) == len(words)
    return stemmed(words), frozenset(terms if enough else ())
