"""What reads: rows that a caller may see, and which version or run is meant where none is named."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.http import Http404

from conversations.access import Access
from conversations.errors import NotReady
from conversations.models import (
    Answer,
    Conversation,
    Entity,
    PipelineRun,
    Segment,
    Speaker,
    Stage,
    StageRun,
    Version,
)
from conversations.models.conversation import SEARCH_CONFIG

LIVE_RUN_NUMBER = 0
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese."""


def visible_conversations(access: Access) -> QuerySet[Conversation]:
    """The caller's own; every one for staff."""
    conversations = Conversation.objects.all()
    return conversations if access.is_staff else conversations.filter(owner_id=access.owner_id)


def find_conversations(
    access: Access,
    *,
    status: str | None = None,
    source: str | None = None,
    language: str | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
    search: str | None = None,
) -> QuerySet[Conversation]:
    """Filters of the list. `search` is looked for in what was said, in any version (`said_like`)."""
    conditions: dict[str, Any] = {
        "status": status,
        "source": source,
        "language": language,
        "created_at__gte": created_after,
        "created_at__lt": created_before,
    }
    conversations = visible_conversations(access).filter(
        **{name: value for name, value in conditions.items() if value is not None}
    )
    if search:
        conversations = conversations.filter(Exists(said_like(search).filter(conversation=OuterRef("pk"))))
    return conversations


def said_like(search: str) -> QuerySet[Segment]:
    """Segments that a search finds: words in any order, "a phrase", -without; case does not count. What is
    written without spaces between words is looked for as it stands."""
    if UNSPACED.search(search):
        return Segment.objects.filter(text__icontains=search)
    words = SearchVector("text", config=SEARCH_CONFIG)
    query = SearchQuery(search, config=SEARCH_CONFIG, search_type="websearch")
    return Segment.objects.annotate(said=words).filter(said=query)


def conversation_for(access: Access, conversation_id: UUID) -> Conversation:
    """Raises Http404 for one that is not there, and for one of another owner alike."""
    conversation = visible_conversations(access).filter(pk=conversation_id).first()
    if conversation is None:
        raise Http404("There is no such conversation.")
    return conversation


def latest_run(conversation: Conversation) -> PipelineRun | None:
    """The newest that was not for a single question."""
    whole = conversation.runs.without_ad_hoc()
    return whole.prefetch_related("stages").order_by("-number").first()


def run_progress(run: PipelineRun) -> float:
    """0…1: the mean over its stages, an ended one counting whole. A run without stages has nothing done."""
    done = [
        1.0 if stage.status in StageRun.TERMINAL else stage.progress
        for stage in run.stages.all()
        if stage.status != StageRun.Status.SKIPPED
    ]
    if not done:
        return 1.0 if run.finished_at else 0.0
    return round(sum(done) / len(done), 3)


def version_number(
    conversation: Conversation, *, version: str | None = None, run_number: int | None = None
) -> int:
    """The run number of the words that are meant: 0 for the live version (contract: terms).

    Without a name: the newest final version, else the live one. Raises NotReady for a final that is not
    there. `run_number`: the words that run worked on, which are its own where it made any.
    """
    if version == Version.LIVE:
        return LIVE_RUN_NUMBER
    finals = conversation.segments.filter(version=Version.FINAL)
    heard = _transcribed(conversation.pk)
    if run_number is not None:
        finals, heard = finals.filter(run_number__lte=run_number), heard.filter(run__number__lte=run_number)
    newest_words: int | None = finals.aggregate(newest=Max("run_number"))["newest"]
    newest_heard: int | None = heard.aggregate(newest=Max("run__number"))["newest"]
    newest = max(newest_words or LIVE_RUN_NUMBER, newest_heard or LIVE_RUN_NUMBER)
    if newest == LIVE_RUN_NUMBER and version == Version.FINAL:
        raise NotReady("This conversation has no final version of its words.")
    return newest


def version_read_by(run: PipelineRun) -> int | None:
    """Run number of the words that a run's stages read: its own where it transcribed, else an earlier run's,
    else the live ones (0); None where there are no words. A recording in which no word was heard does not
    get the live words for its own."""
    words = Segment.objects.filter(conversation_id=run.conversation_id, run_number__lte=run.number)
    if _transcribed(run.conversation_id).filter(run=run).exists():
        words = words.filter(run_number=run.number)
    newest: int | None = words.aggregate(newest=Max("run_number"))["newest"]
    return newest


def _transcribed(conversation_id: UUID) -> QuerySet[StageRun]:
    """The transcriptions of a conversation that were done, also those that heard nothing."""
    return StageRun.objects.filter(
        run__conversation_id=conversation_id, name=Stage.TRANSCRIPTION, status=StageRun.Status.SUCCEEDED
    )


def segments_of(conversation: Conversation, number: int) -> QuerySet[Segment]:
    return conversation.segments.filter(run_number=number).order_by("number")


def speakers_of(conversation: Conversation, number: int) -> QuerySet[Speaker]:
    return conversation.speakers.filter(run_number=number)


def stage_result(conversation: Conversation, stage: str, *, run_number: int | None = None) -> StageRun | None:
    """The newest success of a stage, or that of one run; None where there is none."""
    stages = StageRun.objects.select_related("run").filter(
        run__conversation=conversation, name=stage, status=StageRun.Status.SUCCEEDED
    )
    if run_number is not None:
        stages = stages.filter(run__number=run_number)
    return stages.order_by("-run__number").first()


def why_no_result(conversation: Conversation, stage: str) -> str:
    """For people: what became of a stage that has no result."""
    row = StageRun.objects.filter(run__conversation=conversation, name=stage).order_by("-run__number").first()
    if row is None:
        return f"No run of this conversation has the stage {stage}."
    reason = row.skip_reason or row.error.split("\n", 1)[0]
    return f"The stage {stage} is {row.status}{': ' + reason if reason else ''}."


def entities_of(conversation: Conversation, number: int) -> QuerySet[Entity]:
    """Those of a version: they point into the text of its segments."""
    return conversation.entities.filter(run_number=number)


def answers_of(conversation: Conversation, number: int) -> QuerySet[Answer]:
    return conversation.answers.filter(run_number=number)
