"""Answers by a language model, each with quotes that are looked up in the transcript."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel

from transcription.analysis.base import Answer, Evidence, Progress, Question, Talk
from transcription.analysis.llm.base import LlmEngine
from transcription.analysis.llm.reading import Claim


class SaidAnswer(BaseModel):
    question_id: str
    status: Literal["answered", "not_found"]
    answer: str | None = None
    evidence: list[Claim] = []


class SaidAnswers(BaseModel):
    answers: list[SaidAnswer]


class LlmAnswers(LlmEngine):
    """AnswerEngine. The first window of the talk that answers a question counts. No confidence: a model's
    own figure is not a measurement."""

    prompt_name, prompt_version = "answers", 1

    def answer(
        self, talk: Talk, questions: Sequence[Question], *, on_progress: Progress = lambda _: None
    ) -> tuple[Answer, ...]:
        asked = {question.id for question in questions}
        found: dict[str, tuple[str, tuple[Evidence, ...]]] = {}
        listed = json.dumps([{"id": q.id, "question": q.text, "type": q.answer_type} for q in questions])
        for window, said in self._ask_each(talk, SaidAnswers, on_progress, questions=listed):
            for answer in said.answers:
                if answer.status == "not_found" or answer.question_id not in asked - found.keys():
                    continue
                evidence = tuple(quote for _, quote in self._borne_out(answer.evidence, window))
                if evidence and answer.answer and answer.answer.strip():
                    found[answer.question_id] = (answer.answer.strip(), evidence)
        return tuple(_answer(question, found.get(question.id)) for question in questions)


def _answer(question: Question, found: tuple[str, tuple[Evidence, ...]] | None) -> Answer:
    if found is None:
        return Answer(question.id, question.text, None, "not_found", None, ())
    return Answer(question.id, question.text, found[0], "answered", None, found[1])
