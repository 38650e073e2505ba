"""What the stages that read words have in common: the version, the talk, what others found before them."""

from __future__ import annotations

from typing import Any

from conversations.models import Entity as EntityRow
from conversations.models import Stage, StageRun
from conversations.selectors import version_read_by
from tasks.stages.base import NothingToDoError, StageWork
from tasks.talk import talk_of
from transcription.analysis.base import (
    ActionItem,
    Classification,
    Decision,
    Entity,
    Summary,
    Talk,
)


def version_to_read(work: StageWork) -> int:
    """Run number of the words that this run's stages read. Raises NothingToDoError where there are none."""
    version = version_read_by(work.run)
    if version is None:
        raise NothingToDoError("there are no words")
    return version


def read(work: StageWork) -> tuple[int, Talk]:
    """The version to read and the talk in it."""
    version = version_to_read(work)
    return version, talk_of(work.conversation, version)


def entities_found(work: StageWork, version: int) -> tuple[Entity, ...]:
    """The entities of the version, as rows have them."""
    rows = EntityRow.objects.filter(conversation=work.conversation, run_number=version)
    return tuple(
        Entity(row.text, row.label, row.start, row.end, row.segment_number, row.confidence) for row in rows
    )


def output_of(work: StageWork, stage: Stage) -> dict[str, Any] | None:
    """What another stage of this run put out; None where it did not succeed."""
    found = work.run.stages.filter(name=stage, status=StageRun.Status.SUCCEEDED).first()
    return found.output if found is not None else None


def classification_from(output: dict[str, Any] | None) -> Classification | None:
    return None if output is None else Classification(**output)


def summary_from(output: dict[str, Any] | None) -> Summary | None:
    if output is None:
        return None
    return Summary(
        text=output["text"],
        key_points=tuple(output["key_points"]),
        decisions=tuple(Decision(**decision) for decision in output["decisions"]),
        action_items=tuple(ActionItem(**item) for item in output["action_items"]),
    )
