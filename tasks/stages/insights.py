"""What follows from all of it: findings, risks, what to do next."""

from __future__ import annotations

from typing import cast

from conversations.models import Stage
from tasks.stages.base import StageResult, StageWork
from tasks.stages.engines import engine_for
from tasks.stages.reading import classification_from, entities_found, output_of, read, summary_from
from transcription.analysis.base import InsightEngine, to_json


def run(work: StageWork) -> StageResult:
    engine = cast("InsightEngine", engine_for(work))
    version, talk = read(work)
    insights = engine.derive(
        talk,
        entities=entities_found(work, version),
        summary=summary_from(output_of(work, Stage.SUMMARY)),
        classification=classification_from(output_of(work, Stage.CLASSIFICATION)),
        on_progress=work.on_progress,
    )
    return StageResult(to_json(insights), engine)
