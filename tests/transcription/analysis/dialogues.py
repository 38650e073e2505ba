"""Hand-made dialogues with the entities and answers that are in them, and how well an engine does on them.

Those of the set `tuned` were looked at while the rules were written; those of `held_out` were not.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transcription.analysis.answers.question_sets import helpline_intake, nurse_intake
from transcription.analysis.base import Answer, AnswerEngine, Entity, EntityEngine, Question, Talk
from transcription.models import Segment


@dataclass(frozen=True)
class Dialogue:
    name: str
    held_out: bool
    talk: Talk
    entities: Counter[tuple[int, str, str]]
    expected: dict[str, tuple[tuple[str, ...] | None, bool]]
    """By question id: texts of which one must be in the answer (None: not_found); whether it is all of it."""
    questions: tuple[Question, ...]


def dialogues(*, held_out: bool) -> list[Dialogue]:
    items = json.loads(Path(__file__).with_name("dialogues.json").read_text(encoding="utf-8"))
    return [_dialogue(item) for item in items if (item["set"] == "held_out") == held_out]


def _dialogue(item: dict[str, Any]) -> Dialogue:
    segments = tuple(
        Segment(index, 4.0 * index, 4.0 * index + 3, line["text"], line["speaker"])
        for index, line in enumerate(item["lines"])
    )
    expected = {
        answer["question"]: (tuple(answer["expected"]) if answer["expected"] else None, answer["exact"])
        for answer in item["answers"]
    }
    sets = {"nurse": nurse_intake(), "helpline": helpline_intake()}
    asked = sets.get(item["questions"]) or tuple(Question(text, text) for text in expected)
    return Dialogue(
        name=item["name"],
        held_out=item["set"] == "held_out",
        talk=Talk(segments, "en", 4.0 * len(segments)),
        entities=Counter((e["segment_id"], e["label"], e["text"]) for e in item["entities"]),
        expected=expected,
        questions=tuple(question for question in asked if question.id in expected),
    )


def found_entities(entities: Iterable[Entity]) -> Counter[tuple[int, str, str]]:
    return Counter((entity.segment_id, entity.label, entity.text) for entity in entities)


def entity_f1(engine: EntityEngine, items: Iterable[Dialogue]) -> float:
    """Micro F1 over mentions; label and text must be the same."""
    hits = found = wanted = 0
    for dialogue in items:
        got = found_entities(engine.extract(dialogue.talk))
        hits += (got & dialogue.entities).total()
        found += got.total()
        wanted += dialogue.entities.total()
    return 2 * hits / (found + wanted)


def is_right(answer: Answer, expected: tuple[tuple[str, ...] | None, bool]) -> bool:
    texts, exact = expected
    if texts is None or answer.answer is None:
        return texts is None and answer.status == "not_found"
    return any(answer.answer == text if exact else text in answer.answer for text in texts)


def answer_accuracy(engine: AnswerEngine, items: Iterable[Dialogue]) -> float:
    right = asked = 0
    for dialogue in items:
        answers = engine.answer(dialogue.talk, dialogue.questions)
        right += sum(is_right(answer, dialogue.expected[answer.question_id]) for answer in answers)
        asked += len(answers)
    return right / asked
