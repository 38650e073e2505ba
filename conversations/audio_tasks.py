"""A run as a task of `/audio/*`: its names for states and steps, and its result in one piece (contract: audio
processing)."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from types import MappingProxyType

from django.db.models import F, QuerySet
from django.http import Http404

from conversations.access import Access
from conversations.jobs import LARGEST_ID
from conversations.models import Conversation, PipelineRun, Stage, StageRun, WorkStatus
from conversations.selectors import run_progress, visible_conversations
from conversations.services.stage_runs import RUN_UNFINISHED

TASK_STATUS: Mapping[str, str] = MappingProxyType(
    {
        WorkStatus.PENDING: "queued",
        WorkStatus.PROCESSING: "processing",
        WorkStatus.COMPLETED: "completed",
        WorkStatus.PARTIAL: "completed",
        WorkStatus.FAILED: "failed",
        WorkStatus.CANCELLED: "cancelled",
    }
)
STEP_NAMES: Mapping[str, str] = MappingProxyType(
    {Stage.ENTITIES: "entity_extraction", Stage.QUALITY: "qa_evaluation", Stage.SUMMARY: "summarization"}
)
"""Stages that have another name here."""
RESULT_KEYS: Mapping[str, str] = MappingProxyType(
    {
        Stage.TRANSLATION: "translation",
        Stage.ENTITIES: "entities",
        Stage.CLASSIFICATION: "classification",
        Stage.QA: "qa",
        Stage.QUALITY: "qa_evaluations",
        Stage.SUMMARY: "summary",
        Stage.INSIGHTS: "insights",
        Stage.EMOTION: "emotions",
        Stage.CLEANUP: "cleanup",
    }
)
ALWAYS_IN_RESULT = frozenset(
    {Stage.TRANSLATION, Stage.ENTITIES, Stage.CLASSIFICATION, Stage.QA, Stage.QUALITY, Stage.SUMMARY}
)
"""Null where there is nothing; the others are there only where they were asked for."""
MEASURED_RUNS = 20
"""How many of the newest finished runs an estimate is made from."""


def step_name(stage: str) -> str:
    return STEP_NAMES.get(stage, stage)


def tasks_of(access: Access) -> QuerySet[PipelineRun]:
    """The runs over recordings that the caller sent in; the answer to a question asked later is none."""
    return (
        PipelineRun.objects.without_ad_hoc()
        .select_related("conversation")
        .prefetch_related("stages")
        .filter(
            conversation__in=visible_conversations(access), conversation__source=Conversation.Source.UPLOAD
        )
    )


def task_for(access: Access, task_id: str) -> PipelineRun:
    """Raises Http404 for what is no task, and for one of another owner alike."""
    is_id = task_id.isascii() and task_id.isdigit() and int(task_id) <= LARGEST_ID
    task = tasks_of(access).filter(pk=int(task_id)).first() if is_id else None
    if task is None:
        raise Http404("There is no such task.")
    return task


def active_tasks(access: Access) -> QuerySet[PipelineRun]:
    return tasks_of(access).filter(status__in=RUN_UNFINISHED).order_by("-created_at", "-id")


def current_step(run: PipelineRun) -> str | None:
    """The stage at work, else the next to start; None when nothing is left."""
    stages = sorted(run.stages.all(), key=lambda stage: stage.position)
    at_work = (stage for stage in stages if stage.status == StageRun.Status.RUNNING)
    waiting = (stage for stage in stages if stage.status == StageRun.Status.PENDING)
    stage = next(at_work, None) or next(waiting, None)
    return None if stage is None else step_name(stage.name)


def failed_stages(run: PipelineRun) -> list[str]:
    return [
        step_name(stage.name)
        for stage in sorted(run.stages.all(), key=lambda stage: stage.position)
        if stage.status == StageRun.Status.FAILED
    ]


def processing_s(run: PipelineRun) -> float | None:
    """From its acceptance to its end; None while it is under way."""
    return None if run.finished_at is None else round((run.finished_at - run.created_at).total_seconds(), 3)


def estimated_s(duration_s: float) -> float | None:
    """From what the newest finished recordings took for a second of theirs, sound to end; None where none has
    finished."""
    finished = PipelineRun.objects.filter(
        conversation__source=Conversation.Source.UPLOAD,
        conversation__duration_s__gt=0,
        status=WorkStatus.COMPLETED,
        stages__name=Stage.TRANSCRIPTION,
        stages__status=StageRun.Status.SUCCEEDED,
    ).order_by("-finished_at")
    took = finished.annotate(duration_s=F("conversation__duration_s")).values_list(
        "created_at", "finished_at", "duration_s"
    )[:MEASURED_RUNS]
    ratios = [(end - begin).total_seconds() / length_s for begin, end, length_s in took if end is not None]
    return round(median(ratios) * duration_s, 1) if ratios else None


def message_of(run: PipelineRun) -> str:
    """For people: where the task stands."""
    status = TASK_STATUS[run.status]
    failed = failed_stages(run)
    if status == "completed":
        return f"Done, without {', '.join(failed)}." if failed else "Done."
    if status == "processing":
        step = current_step(run)
        return f"At work: {step}." if step else "Finishing."
    return {"queued": "Waiting for a worker.", "failed": "The task failed.", "cancelled": "Cancelled."}[
        status
    ]


def task_progress(run: PipelineRun) -> int:
    """0…100."""
    return round(100 * run_progress(run))
