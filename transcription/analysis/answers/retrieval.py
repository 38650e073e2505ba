"""Where in a talk a question is answered: candidates and their scores.

There are two kinds of candidates: replies to a question of the talk that matches, and statements that
match. The score of a candidate, 0..1, is its match (`answers.wanted`) times a factor for its kind. The
factors were set on the hand-made dialogues of the tests, those marked as tuned.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from transcription.analysis.answers.units import Unit, caller_of, reply_to
from transcription.analysis.answers.values import (
    decides,
    denies,
    introduced_name,
    joined,
    knows_nothing,
    only_a_number,
    says_no_more,
    value_in,
)
from transcription.analysis.answers.wanted import Wanted
from transcription.analysis.base import Question
from transcription.analysis.text import Bm25, words_of
from transcription.models import Segment

# A reply to the very question is worth most; one to a question for something else weighs less.
_REPLY_FACTOR, _OTHER_REPLY_FACTOR = 1.0, 0.75
# A value of the wanted kind confirms a statement.
_STATEMENT_FACTOR, _TYPED_STATEMENT_FACTOR = 0.8, 0.95
# A value of the wanted kind, said without being asked for: enough where few things have such values.
_UNASKED_MATCH = {"phone": 0.6, "email": 0.6, "age": 0.5}
# Somebody says who they are.
_INTRODUCTION_MATCH = 0.7
# Somebody says where they are from.
_ORIGIN = re.compile(r" (?:i live|we live|i stay|calling from|(?:i'm|i am|we are|this is .*) (?:in|from)) ")
_ORIGIN_MATCH = 0.6
_CONFIRMED_FACTOR = 0.8
# The reason for the call, where that is what is asked for.
_REASON_MATCH = 0.8
# What the caller says of a diagnosis, or the agent of the caller's name, may be hearsay.
_WRONG_SIDE_FACTOR = 0.5
_FEWEST_REPLY_WORDS = 3
_MOST_STATEMENTS = 3
_SHARE_OF_BEST = 0.75


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that may answer: its score, the answer, and the sentences that are the evidence."""

    score: float
    value: str
    units: tuple[Unit, ...]


class Retrieval:
    """Finds the best place of a talk for a question. `agent`: the speaker who took the call, where known;
    `reason`: what the caller told as the reason for calling."""

    def __init__(self, units: Sequence[Unit], agent: str | None, reason: Sequence[Segment]) -> None:
        self._units = units
        self._agent = agent
        self._caller = caller_of(units, agent)
        self._reason = frozenset(segment.id for segment in reason)
        self._ranking = Bm25([sorted(unit.terms) for unit in units])

    def best(self, question: Question) -> Candidate | None:
        """The candidate of the highest score, the earliest of equals; None where nothing matches."""
        wanted = Wanted(question, self._ranking)
        replies: list[Candidate] = []
        statements: list[Candidate] = []
        for unit in self._units:
            candidate = self._reply(unit, wanted) if unit.asking else self._statement(unit, wanted)
            if candidate is not None:
                (replies if unit.asking else statements).append(self._by_whom(candidate, wanted))
        if wanted.asks_for_reason and (reason := self._told_at_first()) is not None:
            replies.append(reason)
        best = max([*replies, *statements], key=lambda candidate: candidate.score, default=None)
        if best is not None and wanted.answer_type in {"list", "text"} and best in statements:
            return _with_its_like(best, statements)
        return best

    def _reply(self, unit: Unit, wanted: Wanted) -> Candidate | None:
        match = wanted.match(unit)
        reply = reply_to(self._units, unit.index)
        if match == 0 or not reply or knows_nothing(reply):
            return None
        if wanted.answer_type in {"text", "list"} and (says_no_more(reply) or only_a_number(reply)):
            return None
        if wanted.answer_type in {"text", "list"} and all(part.bare for part in reply):
            reply += self._told_next(reply[-1])
        value = joined(reply) if wanted.answer_type == "yes_no" else value_in(reply, wanted.answer_type)
        if wanted.answer_type == "name" and wanted.wants_other_than(unit):
            value = introduced_name(reply)  # a name in a reply to something else may be anybody's
        if value is None:
            return self._confirmed(unit, reply, wanted, match)
        short = len(words_of(joined(reply))) < _FEWEST_REPLY_WORDS
        factor = _OTHER_REPLY_FACTOR if wanted.wants_other_than(unit) else _REPLY_FACTOR
        if wanted.answer_type == "yes_no" and not decides(reply[0]):
            factor = _OTHER_REPLY_FACTOR
        return Candidate(match * factor, value, (unit, *reply) if short else tuple(reply))

    def _told_at_first(self) -> Candidate | None:
        """What the caller called for, in their words."""
        units = [unit for unit in self._units if unit.segment.id in self._reason and not unit.bare]
        return Candidate(_REASON_MATCH, joined(units), tuple(units)) if units else None

    def _by_whom(self, candidate: Candidate, wanted: Wanted) -> Candidate:
        """The candidate, at less where another side than the one that would know says it."""
        speaker = candidate.units[-1].speaker_id
        if self._agent is None or speaker is None:
            return candidate
        if wanted.of_service:
            fits = speaker != self._caller
        elif wanted.of_caller_alone:
            fits = speaker == self._caller
        else:
            return candidate
        return candidate if fits else replace(candidate, score=candidate.score * _WRONG_SIDE_FACTOR)

    def _confirmed(self, unit: Unit, reply: list[Unit], wanted: Wanted, match: float) -> Candidate | None:
        """The value in a question that the reply does not deny: `could you come on wednesday`, `yes`."""
        typed = wanted.labels and wanted.answer_type != "name"  # a name in a question is the other's
        value = value_in([unit], wanted.answer_type) if typed else None
        if value is None or denies(reply[0]):
            return None
        return Candidate(match * _CONFIRMED_FACTOR, value, (unit, *reply))

    def _told_next(self, bare: Unit) -> list[Unit]:
        """After a mere `yes`: the reply to the question that follows it."""
        if not set(bare.words) & {"yes", "yeah", "yep"}:
            return []
        for unit in self._units[bare.index + 1 : bare.index + 3]:
            if unit.asking and unit.speaker_id != bare.speaker_id:
                return reply_to(self._units, unit.index)
        return []

    def _statement(self, unit: Unit, wanted: Wanted) -> Candidate | None:
        if unit.bare or knows_nothing([unit]):
            return None
        match = wanted.match(unit)
        units = [unit]
        by_agent = self._agent is not None and unit.speaker_id == self._agent
        if wanted.answer_type == "name":
            own = introduced_name([unit]) is not None
            if by_agent and not wanted.of_agent and (wanted.of_caller or own):
                return None
            fits = self._agent is None or by_agent == wanted.of_agent
            if not own and not _names_it(unit, wanted):
                return None
            if fits and own:
                match = max(match, _INTRODUCTION_MATCH * wanted.explained(unit))
        elif wanted.answer_type in _UNASKED_MATCH and not by_agent:
            match = max(match, _UNASKED_MATCH[wanted.answer_type] * wanted.explained(unit))
            units = self._goes_on(unit)
        elif wanted.answer_type == "place" and not by_agent and _ORIGIN.search(unit.plain):
            match = max(match, _ORIGIN_MATCH * wanted.explained(unit))
        value = value_in(units, wanted.answer_type) if match else None
        factor = _TYPED_STATEMENT_FACTOR if wanted.labels else _STATEMENT_FACTOR
        return None if value is None else Candidate(match * factor, value, tuple(units))

    def _goes_on(self, unit: Unit) -> list[Unit]:
        """The unit, with the pieces of its phone number that its speaker says next."""
        if not any(entity.label == "PHONE_NUMBER" for entity in unit.entities):
            return [unit]
        following = self._units[unit.index + 1 : unit.index + 3]
        return [unit] + [
            other
            for other in following
            if other.speaker_id == unit.speaker_id
            and any(entity.label == "PHONE_NUMBER" for entity in other.entities)
        ]


def _names_it(unit: Unit, wanted: Wanted) -> bool:
    """Whether the sentence says of a name that it is the wanted one."""
    names = (entity for entity in unit.entities if entity.label == "PERSON")
    return any(wanted.stands_before(unit.segment.text[unit.span.start : name.start]) for name in names)


def _with_its_like(best: Candidate, statements: Sequence[Candidate]) -> Candidate:
    """The best statement with those nearly as good, in the order in which they were said."""
    alike = [one for one in statements if one.score >= _SHARE_OF_BEST * best.score]
    kept = sorted(alike, key=lambda one: -one.score)[:_MOST_STATEMENTS]
    units = sorted((unit for one in kept for unit in one.units), key=lambda unit: unit.index)
    return Candidate(best.score, " ".join(unit.span.text for unit in units), tuple(units))
