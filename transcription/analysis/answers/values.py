"""What an answer looks like: the value of its type in a piece of talk, verbatim."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from transcription.analysis.answers.units import Unit
from transcription.analysis.base import Entity, Question
from transcription.analysis.entities.line import asked_in
from transcription.analysis.text import STOPWORDS, numbers_in, tokens, word_set

_LABELS: dict[str, tuple[str, ...]] = {
    "name": ("PERSON",),
    "age": ("AGE",),
    "phone": ("PHONE_NUMBER",),
    "email": ("EMAIL",),
    "date": ("DATE", "TIME"),
    "place": ("LOCATION",),
    "money": ("MONEY",),
}
# What a question asked ad hoc wants, by the labels that its words ask for; the first that fits.
_TYPE_OF_LABEL = {
    "MONEY": "money",
    "PHONE_NUMBER": "phone",
    "EMAIL": "email",
    "AGE": "age",
    "LOCATION": "place",
    "PERSON": "name",
    "DATE": "date",
    "TIME": "date",
}
# Words that a type explains, so that they need not be said where the value is.
EXPLAINED = {
    "name": "name full first last call speak calling who",
    "age": "old age year",
    "phone": "phone number telephone mobile contact reach best call",
    "email": "email mail address",
    "date": "date day time when birth",
    "place": "live where place town city country address come located location",
    "number": "number many much",
    "money": "much money cost price amount",
}
_YES = word_set("yes yeah yep yup sure definitely absolutely certainly correct right indeed")
_NO = word_set("no nope not never none nothing nobody neither")
_NEGATION = re.compile(r"\b(?:no|not|never|none|nothing|nobody|neither|\w+n't)\b")
_IGNORANCE = re.compile(
    r"\b(?:i (?:do not|don't|didn't|did not) (?:know|remember)|not sure|no idea|i can't (?:say|remember)"
    r"|can't tell)\b"
)
_ROUGHLY = word_set(
    "say says said guess about around roughly somewhere maybe probably almost out scale um uh well"
)
_NO_MORE = re.compile(
    r"^(?:no |nope |well )*(?:that(?:'s| is| was| will be) (?:all|it|everything)|nothing (?:else|more))\b"
)
_UNIT_WORDS = word_set(
    "out of ten degrees celsius fahrenheit percent times days weeks months hours minutes years kilos "
    "kilograms pounds milligrams children people"
)
_INTRODUCING = re.compile(r"(?:name is|name's|this is|i am|i'm|it's|call me|(?:i'm|i am) called)\s*$")
_YES_NO_START = re.compile(r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b")


def type_of(question: Question) -> str:
    """The answer type: the question's own, or for plain text what its words ask for."""
    if question.answer_type != "text" or question.hints:
        return question.answer_type
    plain = question.text.casefold()
    if _YES_NO_START.match(plain):
        return "yes_no"
    asked = asked_in(plain)
    for label, answer_type in _TYPE_OF_LABEL.items():
        if label in asked:
            return answer_type
    for start, answer_type in (("where", "place"), ("when", "date"), ("who", "name")):
        if plain.startswith(start + " "):
            return answer_type
    return "number" if re.match(r"how (?:many|long|often|much|far)\b", plain) else "text"


def labels_of(answer_type: str) -> tuple[str, ...]:
    """The entity labels that are a value of the type; none for types that are no entity."""
    return _LABELS.get(answer_type, ())


def value_in(units: Sequence[Unit], answer_type: str) -> str | None:
    """The value of the type in the units, verbatim; None where there is none.

    For `text` and `list` that is what was said; for `yes_no` what was said where it affirms or denies.
    """
    if answer_type in _LABELS:
        return _entity_value(units, _LABELS[answer_type])
    if answer_type == "number":
        return whole_number(units)
    said = joined(units)
    if answer_type == "yes_no":
        return said if decides(units[0]) else None
    return said or None


def _entity_value(units: Sequence[Unit], labels: tuple[str, ...]) -> str | None:
    for label in labels:
        found = [entity for unit in units for entity in unit.entities if entity.label == label]
        if not found:
            continue
        if label == "PHONE_NUMBER":  # may go on in the next segment
            return " ".join(entity.text for entity in found)
        if label == "LOCATION":  # a road and its town
            first = [entity for entity in found if entity.segment_id == found[0].segment_id]
            text = next(unit.segment.text for unit in units if unit.segment.id == first[0].segment_id)
            near = len(text[first[0].end : first[-1].start].split()) <= 2
            return text[first[0].start : first[-1].end] if near else first[0].text
        return (introduced_name(units) if label == "PERSON" else None) or found[0].text
    return None


def introduced_name(units: Sequence[Unit]) -> str | None:
    """The name that somebody gives as theirs: `hi anna my name is tom`, `frank speaking`."""
    names = (entity for unit in units for entity in unit.entities if entity.label == "PERSON")
    return next((entity.text for entity in names if _introduces(entity, units)), None)


def _introduces(entity: Entity, units: Sequence[Unit]) -> bool:
    text = next(unit.segment.text for unit in units if unit.segment.id == entity.segment_id)
    before, after = text[: entity.start].casefold(), text[entity.end :].casefold().split()[:1]
    return bool(_INTRODUCING.search(before)) or after in (["speaking"], ["here"])


def small_number(units: Sequence[Unit]) -> str | None:
    """The first number from 0 to 10, with its unit: a place on such a scale. `out of ten` is no place."""
    return _number_value(units, highest=10)


def whole_number(units: Sequence[Unit]) -> str | None:
    """The first number, with its unit."""
    return _number_value(units)


def _number_value(units: Sequence[Unit], highest: float = math.inf) -> str | None:
    for unit in units:
        pieces = tokens(unit.span.text)
        words = [piece.folded for piece in pieces]
        numbers = [
            number
            for number in numbers_in(words)
            if not number.ordinal
            and 0 <= number.value <= highest
            and (highest == math.inf or words[max(0, number.start - 2) : number.start] != ["out", "of"])
        ]
        if numbers:
            first, end = numbers[0], numbers[0].end
            while end < len(words) and words[end] in _UNIT_WORDS:
                end += 1
            return unit.span.text[pieces[first.start].start : pieces[end - 1].end]
    return None


def joined(units: Sequence[Unit]) -> str:
    """What the units say, verbatim within a segment, a space between segments."""
    parts: dict[int, tuple[int, int, str]] = {}
    for unit in units:
        start, end, text = parts.get(unit.segment.id, (unit.span.start, unit.span.end, unit.segment.text))
        parts[unit.segment.id] = (min(start, unit.span.start), max(end, unit.span.end), text)
    return " ".join(text[start:end] for start, end, text in parts.values())


def knows_nothing(units: Sequence[Unit]) -> bool:
    """Whether a reply only says that its speaker does not know."""
    return bool(units) and _IGNORANCE.search(units[0].plain) is not None and len(joined(units).split()) < 10


def says_no_more(units: Sequence[Unit]) -> bool:
    """Whether a reply only says that there is nothing else: `no that is all`."""
    return bool(units) and _NO_MORE.match(units[0].plain.strip()) is not None


def only_a_number(units: Sequence[Unit]) -> bool:
    """Whether a reply is a number and nothing else that carries meaning: `i would say about seven`."""
    words = [word for unit in units for word in unit.words]
    numbers = numbers_in(words)
    counted = {at for number in numbers for at in range(number.start, number.end)}
    rest = {word for at, word in enumerate(words) if at not in counted} - _ROUGHLY - STOPWORDS
    return bool(numbers) and not rest


def denies(unit: Unit) -> bool:
    """Whether a sentence holds a negation."""
    return _NEGATION.search(unit.plain) is not None


def decides(unit: Unit) -> bool:
    """Whether a sentence affirms or denies."""
    return bool(set(unit.words[:3]) & (_YES | _NO)) or denies(unit)
