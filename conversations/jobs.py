"""A run as a transcription job: what `/v1/audio/transcriptions` says of it (contract: terms, states).

Jobs are the runs over recordings that were sent in, and the enhancements of live sessions; the answer to a
question that somebody asked later is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.db.models import Q
from django.http import Http404

from conversations.access import Access
from conversations.errors import NotReady
from conversations.models import Conversation, PipelineRun, Stage, StageRun, WorkStatus
from conversations.selectors import version_number, visible_conversations

JOB_STATUS: Mapping[str, str] = MappingProxyType(
    {
        WorkStatus.PENDING: "pending",
        WorkStatus.PROCESSING: "running",
        WorkStatus.COMPLETED: "completed",
        WorkStatus.PARTIAL: "completed",
        WorkStatus.FAILED: "failed",
        WorkStatus.CANCELLED: "cancelled",
    }
)
"""By the status of the run. A partial one is completed, with warnings that name the failed stages."""
JOB_STATES = ("pending", "running", "completed", "failed", "cancelled")
JOB_SOURCES = ("upload", "realtime_enhancement")
ENHANCES = "enhance_on_end"
"""The run parameter of an enhancement: a live session's recording transcribed again."""
LARGEST_ID = 2**63 - 1
"""Of a PostgreSQL bigint."""


def is_enhancement(run: PipelineRun) -> bool:
    return run.conversation.source == Conversation.Source.LIVE and bool(run.parameters.get(ENHANCES))


def enhancement_of(conversation: Conversation) -> PipelineRun | None:
    """The newest enhancement of a live conversation; None where there is none."""
    runs = conversation.runs.select_related("conversation").filter(parameters__contains={ENHANCES: True})
    return runs.order_by("-number").first()


def job_for(access: Access, job_id: int) -> PipelineRun:
    """A job with its stages. Raises Http404 for what is no job, and for one of another owner alike."""
    runs = PipelineRun.objects.without_ad_hoc()
    jobs = runs.select_related("conversation").prefetch_related("stages")
    jobs = jobs.filter(conversation__in=visible_conversations(access)).filter(
        Q(conversation__source=Conversation.Source.UPLOAD)
        | Q(conversation__source=Conversation.Source.LIVE, parameters__contains={ENHANCES: True})
    )
    job = jobs.filter(pk=job_id).first() if job_id <= LARGEST_ID else None
    if job is None:
        raise Http404("There is no such transcription.")
    return job


def stage_of(run: PipelineRun, name: str) -> StageRun | None:
    return next((stage for stage in run.stages.all() if stage.name == name), None)


def words_number(run: PipelineRun) -> int | None:
    """The version that a job's words are: its own once they are written, also where they are none. Of a run
    that ended without a transcription of its own, what it worked on; None where nothing is to be shown."""
    transcription = stage_of(run, Stage.TRANSCRIPTION)
    if transcription is not None and transcription.status == StageRun.Status.SUCCEEDED:
        return run.number
    if JOB_STATUS[run.status] != "completed":
        return None
    return version_number(run.conversation, run_number=run.number)


def completed_words_number(run: PipelineRun) -> int:
    """The same, of a job that is over. Raises NotReady."""
    number = words_number(run)
    if number is None or JOB_STATUS[run.status] != "completed":
        raise NotReady(f"This transcription is {JOB_STATUS[run.status]}: {error_of(run) or 'not done yet'}.")
    return number


def warnings_of(run: PipelineRun) -> list[dict[str, Any]]:
    """The stages that failed in a run that is there all the same."""
    if run.status != WorkStatus.PARTIAL:
        return []
    return [
        {"stage": stage.name, "message": _first_line(stage.error)}
        for stage in run.stages.all()
        if stage.status == StageRun.Status.FAILED
    ]


def error_of(run: PipelineRun) -> str | None:
    """Why a job has no result, for people; None of one that has, or is still under way."""
    if run.status == WorkStatus.CANCELLED:
        return "cancelled"
    if run.status != WorkStatus.FAILED:
        return None
    failed = [stage for stage in run.stages.all() if stage.status == StageRun.Status.FAILED]
    return "; ".join(f"{stage.name}: {_first_line(stage.error)}" for stage in failed)


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0]
