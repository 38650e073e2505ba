"""What was said in short: text, key points, decisions, things to do."""

from __future__ import annotations

from typing import cast

from tasks.stages.base import StageResult, StageWork
from tasks.stages.engines import engine_for
from tasks.stages.reading import entities_found, read
from transcription.analysis.base import SummaryEngine, to_json


def run(work: StageWork) -> StageResult:
    engine = cast("SummaryEngine", engine_for(work))
    version, talk = read(work)
    summary = engine.summarise(talk, entities=entities_found(work, version), on_progress=work.on_progress)
    return StageResult(to_json(summary), engine)
