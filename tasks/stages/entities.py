"""Mentions of people, places, times, numbers: rows of the version that they stand in."""

from __future__ import annotations

from typing import cast

from conversations.models import Entity as EntityRow
from conversations.models import StageRun
from tasks.stages.base import StageResult, StageWork
from tasks.stages.engines import engine_for
from tasks.stages.reading import read
from transcription.analysis.base import EntityEngine, to_json


def run(work: StageWork) -> StageResult:
    engine = cast("EntityEngine", engine_for(work))
    version, talk = read(work)
    found = engine.extract(talk, on_progress=work.on_progress)

    def record(stage: StageRun) -> None:
        conversation_id = stage.run.conversation_id
        EntityRow.objects.filter(conversation_id=conversation_id, run_number=version).delete()
        EntityRow.objects.bulk_create(
            EntityRow(
                conversation_id=conversation_id,
                run_number=version,
                segment_number=entity.segment_id,
                text=entity.text,
                label=entity.label,
                start=entity.start,
                end=entity.end,
                confidence=entity.confidence,
            )
            for entity in found
        )

    return StageResult([to_json(entity) for entity in found], engine, record)
