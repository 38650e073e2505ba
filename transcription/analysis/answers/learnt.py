"""Where in a talk a question of a shipped set is answered, by what its sentences mean.

There are the two kinds of candidates that `answers.retrieval` has: replies to what is like the question, and
sentences that are like what answers it. A candidate's score is that likeness, about -1 to 1.5, with what else
speaks for it; what is shown and held against the threshold is half of one more than it, within 0..1. The
weights and the threshold were chosen on conversations of six authors (bench/pipeline, the tuned half), none
of whom wrote an example.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from transcription.analysis.answers.likeness import Likeness
from transcription.analysis.answers.retrieval import Candidate
from transcription.analysis.answers.units import Unit, caller_of, reply_to
from transcription.analysis.answers.values import (
    introduced_name,
    joined,
    knows_nothing,
    labels_of,
    small_number,
    value_in,
    whole_number,
)
from transcription.analysis.base import Question
from transcription.analysis.text import numbers_in
from transcription.models import Segment

THRESHOLD = 0.455
OF_SERVICE = frozenset({"diagnosis", "treatment_plan", "discharge_instructions", "follow_up", "action"})
"""What the side that is called tells."""
_OF_REASON = frozenset({"chief_complaint", "what_happened"})
_INTRODUCED = frozenset({"name", "caller_name"})
# Callers give their reason and, asked what happened, the whole of it.
_ASKED_FOR_REASON = 0.5
_MEASURED = frozenset({"vital_signs"})
_OTHER_NUMBERS = frozenset({"PHONE_NUMBER", "EMAIL", "MONEY", "AGE"})
# Said in reply to the very question; with how much of what a reply tells counts on top.
_REPLY, _OF_TOLD = 0.3, 0.3
_ASKED_ENOUGH = -0.2
# It asks for the very kind of value that is wanted.
_ASKS_FOR_IT = 0.5
# A third voice on the line is a colleague who was asked: a doctor, mostly.
_THIRD_VOICE = 0.35
# What is told as the reason is what the caller suffers from, where it is anything of the kind.
_IN_REASON = 0.3
_INTRODUCTION, _INTRODUCED_WITHIN = 2.0, 14
# A number that nobody asked for may be any number, and a name anybody's.
_UNASKED_NUMBER, _NAMES_SOMEBODY = -0.6, -0.4
# What was said in reply to another question answers that one.
_PLAINLY_ASKED, _ASKED_FOR_ANOTHER = 0.2, -0.4
_TITLED = r"(?i:\b(?:doctor|dr\.?|nurse|professor|consultant))"
_ARRANGED, _DATED = "follow_up", 0.3
_MOST_STATEMENTS, _NEARLY_AS_GOOD = 3, 0.15


class LearntRetrieval:
    """Finds the best places of a talk for the questions of one set. `agent`: who took the call, where known;
    `reason`: what the caller told as the reason for calling."""

    def __init__(
        self, units: Sequence[Unit], agent: str | None, reason: Sequence[Segment], like: Likeness
    ) -> None:
        self._units = units
        self._agent = agent
        self._reason = frozenset(segment.id for segment in reason)
        self._like = like
        self._caller = caller_of(units, agent)
        self._replies_to = self._asked_before()

    def best(self, question: Question, threshold: float) -> Candidate | None:
        """The candidate of the highest score with, for a list or free text, those nearly as good; None where
        none reaches the threshold (0..1)."""
        candidates = [one for one in self._candidates(question) if one.score >= threshold]
        best = max(candidates, key=lambda one: one.score, default=None)
        if question.id in _OF_REASON and self._reason:
            asked_for = best.units if best and best.score >= _ASKED_FOR_REASON else ()
            at = {unit.index for unit in asked_for}
            units = tuple(u for u in self._units if u.segment.id in self._reason or u.index in at)
            return Candidate(1.0, joined(units), units)
        if best is None or question.answer_type not in {"text", "list"}:
            return best
        alike = [one for one in candidates if one.score >= best.score - _NEARLY_AS_GOOD]
        kept = sorted(alike, key=lambda one: -one.score)[:_MOST_STATEMENTS]
        together = sorted({unit.index for one in kept for unit in one.units})
        units = tuple(self._units[index] for index in together)
        return Candidate(best.score, joined(units), units)

    def _candidates(self, question: Question) -> list[Candidate]:
        asked, told = self._like.of(question)
        found: list[Candidate | None] = []
        for unit in self._units:
            by_caller = self._agent is not None and unit.speaker_id == self._caller
            may_ask = question.id not in OF_SERVICE and not by_caller
            score = float(asked[unit.index]) + self._asks_for_it(unit, question)
            if may_ask and score > _ASKED_ENOUGH:
                reply = self._reply(unit)
                if reply and not knows_nothing(reply):
                    score += _REPLY + _OF_TOLD * max(float(told[part.index]) for part in reply)
                    found.append(_candidate(score, reply, question, replies=True))
            if self._may_tell(unit, question):
                score = float(told[unit.index]) + self._bonus(unit, question)
                found.append(_candidate(score, [unit], question))
        return [one for one in found if one is not None]

    def _may_tell(self, unit: Unit, question: Question) -> bool:
        """Whether a sentence tells something, and is said by the side that would know."""
        if unit.asking and not (question.id == _ARRANGED and _dated(unit)):
            return False  # but "would sunday at ten suit you" arranges it
        # Blood pressure is measured by a nurse here, or by the caller at home.
        of_either = self._agent is None or question.id in _MEASURED
        return of_either or (unit.speaker_id == self._caller) != (question.id in OF_SERVICE)

    def _asks_for_it(self, unit: Unit, question: Question) -> float:
        """Whether a sentence asks for a value of the wanted kind; a name may be anybody's."""
        labels = set(labels_of(question.answer_type)) if question.answer_type != "name" else set()
        return _ASKS_FOR_IT if labels & unit.asked else 0.0

    def _bonus(self, unit: Unit, question: Question) -> float:
        """What speaks for a statement beside its meaning."""
        bonus = _ASKED_FOR_ANOTHER if self._replies_to.get(unit.index, question.id) != question.id else 0.0
        if question.id in OF_SERVICE:
            third = self._agent is not None and unit.speaker_id != self._agent
            if question.id == _ARRANGED:
                return bonus + _DATED * _dated(unit)
            return bonus + _THIRD_VOICE * third
        if question.answer_type == "name":
            own = unit.index < _INTRODUCED_WITHIN and introduced_name([unit]) is not None
            return _INTRODUCTION if question.id in _INTRODUCED and own else bonus + _NAMES_SOMEBODY
        if question.answer_type in {"age", "number"}:
            return bonus + _UNASKED_NUMBER
        in_reason = question.id == "symptoms" and unit.segment.id in self._reason
        return bonus + _IN_REASON * in_reason

    def _asked_before(self) -> dict[int, str]:
        """By the index of a unit that replies to what is like a question of the set: which."""
        found: dict[int, str] = {}
        for unit in self._units:
            scores = self._like.asked[unit.index]
            if unit.speaker_id != self._caller and scores.max() > _PLAINLY_ASKED:
                asked = self._like.ids[int(scores.argmax())]
                found |= {part.index: asked for part in self._reply(unit)}
        return found

    def _reply(self, unit: Unit) -> list[Unit]:
        """The caller's reply, where it is known who calls: a colleague who comes on the line replies to
        nothing."""
        return [part for part in reply_to(self._units, unit.index) if self._caller in (None, part.speaker_id)]


def _dated(unit: Unit) -> bool:
    return any(entity.label in {"DATE", "TIME"} for entity in unit.entities)


def _candidate(
    score: float, units: Sequence[Unit], question: Question, *, replies: bool = False
) -> Candidate | None:
    value = _value(units, question)
    if value is None and replies and question.answer_type == "yes_no":
        value = joined(units)  # "only my friend": neither, and an answer
    return None if value is None else Candidate(min(1.0, max(0.0, (score + 1) / 2)), value, tuple(units))


def _value(units: Sequence[Unit], question: Question) -> str | None:
    value = None if question.answer_type == "number" else value_in(units, question.answer_type)
    labels = {entity.label for unit in units for entity in unit.entities}
    if question.id in _MEASURED:
        measured = any(numbers_in(list(unit.words)) for unit in units)
        return value if measured and not labels & _OTHER_NUMBERS else None
    if question.answer_type == "number":
        return None if labels & _OTHER_NUMBERS else small_number(units)
    if question.answer_type == "age" and value is None and not labels & (_OTHER_NUMBERS | {"DATE"}):
        return whole_number(units)  # asked how old, people say a number and nothing that marks it as an age
    if question.answer_type == "name" and value and _is_titled(value, joined(units)):
        return None  # whom they see, not who they are
    return value


def _is_titled(name: str, text: str) -> bool:
    return re.search(rf"{_TITLED} {re.escape(name)}\b", text) is not None
