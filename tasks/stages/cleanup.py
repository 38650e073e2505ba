"""The words as they would be written: each segment's cleaned text beside the raw one."""

from __future__ import annotations

from typing import cast

from tasks.stages.base import StageResult, StageWork
from tasks.stages.engines import engine_for
from tasks.stages.reading import read
from transcription.analysis.base import CleanupEngine, to_json


def run(work: StageWork) -> StageResult:
    engine = cast("CleanupEngine", engine_for(work))
    _, talk = read(work)
    return StageResult(to_json(engine.clean(talk, on_progress=work.on_progress)), engine)
