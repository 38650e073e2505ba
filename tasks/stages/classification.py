"""The conversation's place in the taxonomy that its operator chose."""

from __future__ import annotations

from typing import Literal, cast

from conversations.models import Conversation, Taxonomy
from tasks.stages.base import NothingToDoError, StageResult, StageWork
from tasks.stages.engines import engine_for
from tasks.stages.reading import read
from transcription.analysis.base import ClassificationEngine, TaxonomyLabel, to_json


def run(work: StageWork) -> StageResult:
    engine = cast("ClassificationEngine", engine_for(work))
    labels = labels_for(work.conversation)
    if not labels:
        raise NothingToDoError("no taxonomy is chosen, and none is the default")
    _, talk = read(work)
    return StageResult(to_json(engine.classify(talk, labels, on_progress=work.on_progress)), engine)


def labels_for(conversation: Conversation) -> list[TaxonomyLabel]:
    """The labels of the conversation's own taxonomy, else of the default one."""
    taxonomy = conversation.taxonomy or Taxonomy.objects.filter(is_default=True).first()
    if taxonomy is None:
        return []
    return [
        TaxonomyLabel(
            name=label.name,
            description=label.description,
            kind=cast("Literal['category', 'intervention', 'priority']", label.kind),
            parent=label.parent.name if label.parent else None,
        )
        for label in taxonomy.labels.select_related("parent")
    ]
