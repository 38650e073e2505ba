"""The question sets that ship: a nurse's intake and a helpline's."""

from __future__ import annotations

import json
from importlib.resources import files

from transcription.analysis.base import Question


def nurse_intake() -> tuple[Question, ...]:
    """The twelve questions of a nurse's intake, in order (contract: audio processing, qa)."""
    return _read("nurse_intake.json")


def helpline_intake() -> tuple[Question, ...]:
    """What a child helpline asks of every call, in order."""
    return _read("helpline_intake.json")


def _read(name: str) -> tuple[Question, ...]:
    items = json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return tuple(
        Question(
            id=item["id"], text=item["text"], hints=tuple(item["hints"]), answer_type=item["answer_type"]
        )
        for item in items
    )
