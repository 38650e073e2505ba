"""The questions of a set, and those that came with the run, each answered with its evidence or not at all."""

from __future__ import annotations

from dataclasses import asdict
from typing import cast

from conversations.models import Answer as AnswerRow
from conversations.models import PipelineRun, QuestionSet, StageRun
from tasks.stages.base import NothingToDoError, StageResult, StageWork
from tasks.stages.engines import engine_for
from tasks.stages.reading import read
from transcription.analysis.base import AnswerEngine, Question, to_json

AD_HOC_PREFIX = "custom-"
ASKED_PREFIX = "asked-"
"""Of a question that was asked later, with the number of its run: no other run takes its answer away."""


def run(work: StageWork) -> StageResult:
    engine = cast("AnswerEngine", engine_for(work))
    questions = questions_for(work.run)
    if not questions:
        raise NothingToDoError("no question set is chosen, none is the default, and no question was asked")
    version, talk = read(work)
    answers = engine.answer(talk, questions, on_progress=work.on_progress)

    def record(stage: StageRun) -> None:
        rows = AnswerRow.objects.filter(conversation_id=stage.run.conversation_id, run_number=version)
        if not stage.run.is_ad_hoc:
            rows.filter(is_ad_hoc=False).delete()
            rows.filter(question_key__startswith=AD_HOC_PREFIX).delete()
        AnswerRow.objects.bulk_create(
            AnswerRow(
                conversation_id=stage.run.conversation_id,
                run_number=version,
                question_key=answer.question_id,
                question=answer.question,
                is_ad_hoc=answer.question_id.startswith((AD_HOC_PREFIX, ASKED_PREFIX)),
                answer=answer.answer or "",
                status=answer.status,
                confidence=answer.confidence,
                evidence=[asdict(quote) for quote in answer.evidence],
                engine=engine.name,
            )
            for answer in answers
        )

    return StageResult([to_json(answer) for answer in answers], engine, record)


def questions_for(run: PipelineRun) -> list[Question]:
    """The conversation's question set, else the default one; then `questions` of the run's parameters. Of a
    run that somebody's question started, that one alone."""
    if run.is_ad_hoc:
        (asked_now,) = run.parameters["questions"]
        return [Question(id=f"{ASKED_PREFIX}{run.number}", text=asked_now)]
    chosen = run.conversation.question_set or QuestionSet.objects.filter(is_default=True).first()
    from_set = [
        Question(id=row.key, text=row.text, hints=tuple(row.hints), answer_type=row.answer_type)
        for row in (chosen.questions.all() if chosen else ())
    ]
    asked = [
        Question(id=f"{AD_HOC_PREFIX}{number}", text=text)
        for number, text in enumerate(run.parameters.get("questions", ()), start=1)
    ]
    return from_set + asked
