"""How the call was handled: seventeen sub-metrics with their evidence."""

from __future__ import annotations

from typing import cast

from tasks.stages.base import StageResult, StageWork
from tasks.stages.engines import engine_for
from tasks.stages.reading import read
from transcription.analysis.base import QualityEngine, to_json


def run(work: StageWork) -> StageResult:
    engine = cast("QualityEngine", engine_for(work))
    _, talk = read(work)
    return StageResult(to_json(engine.evaluate(talk, on_progress=work.on_progress)), engine)
