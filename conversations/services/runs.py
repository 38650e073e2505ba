"""A run of the pipeline over a conversation: started, advanced, cancelled, ended (architecture, decision 9).

The rows drive, Celery carries. Every function is one transaction under row locks, taken in the order
conversation, run, stage, and may be called again with the same effect. What happens to one stage is in
`stage_runs`, which stages there are and what they wait for in `run_plan`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from conversations import dispatch
from conversations.models import Conversation, PipelineRun, StageRun, WorkStatus
from conversations.selectors import version_read_by
from conversations.services.run_plan import AD_HOC, NEEDS_WORDS, plan_run
from conversations.services.stage_runs import (
    RUN_UNFINISHED,
    STAGE_UNFINISHED,
    end_stage,
    ready_stages,
    send_stage,
)


class RunInProgressError(Exception):
    """The conversation has a run with other parameters that is not finished yet."""


@transaction.atomic
def start_run(*, conversation_id: UUID, parameters: Mapping[str, Any]) -> PipelineRun:
    """A run with its stage rows, sent to the workers after commit.

    Asked twice for the same thing, the second gets the run of the first while that is under way.
    Raises RunInProgressError where the one under way is another, Conversation.DoesNotExist where none is.
    """
    conversation = Conversation.objects.select_for_update().get(pk=conversation_id)
    runs = PipelineRun.objects.filter(conversation=conversation)
    if under_way := runs.filter(status__in=RUN_UNFINISHED).first():
        if under_way.parameters == dict(parameters):
            return under_way
        raise RunInProgressError(f"run {under_way.number} of conversation {conversation_id} is not finished")
    last = runs.aggregate(last=Max("number"))["last"] or 0
    run = PipelineRun.objects.create(
        conversation=conversation, number=last + 1, parameters=dict(parameters), status=WorkStatus.PENDING
    )
    now = timezone.now()
    StageRun.objects.bulk_create(
        StageRun(
            run=run,
            name=planned.stage,
            position=planned.position,
            status=StageRun.Status.SKIPPED if planned.skip_reason else StageRun.Status.PENDING,
            skip_reason=planned.skip_reason,
            finished_at=now if planned.skip_reason else None,
        )
        for planned in plan_run(source=conversation.source, parameters=parameters)
    )
    if not run.is_ad_hoc:
        _set_conversation(conversation.pk, Conversation.Status.PENDING)
    dispatch.advance_run_after_commit(run.pk)
    return run


@transaction.atomic
def advance_run(*, run_id: int) -> list[StageRun]:
    """Send whatever has become ready; skip what cannot be done. Returns what was sent."""
    run = PipelineRun.objects.select_for_update().filter(pk=run_id, status__in=RUN_UNFINISHED).first()
    if run is None:
        return []
    if run.status == WorkStatus.PENDING:
        run.status, run.started_at = WorkStatus.PROCESSING, timezone.now()
        run.save(update_fields=["status", "started_at"])
        if not run.is_ad_hoc:
            _set_conversation(run.conversation_id, Conversation.Status.PROCESSING)
    has_words: bool | None = None
    while True:
        ready = [stage for stage in ready_stages(run) if stage.queued_at is None]
        if ready and has_words is None and any(stage.name in NEEDS_WORDS for stage in ready):
            has_words = version_read_by(run) is not None
        wordless = [stage for stage in ready if stage.name in NEEDS_WORDS and not has_words]
        if not wordless:
            break
        reason = _why_no_words(run)
        for stage in wordless:  # which may free the tier after it: look again
            end_stage(stage, StageRun.Status.SKIPPED, skip_reason=reason)
    for stage in ready:
        send_stage(stage, run.conversation.duration_s)
    return ready


@transaction.atomic
def cancel_run(*, run_id: int) -> bool:
    """End a run: what is done is kept, what runs is killed, what waits never starts. False: it had ended."""
    run = PipelineRun.objects.select_for_update().filter(pk=run_id, status__in=RUN_UNFINISHED).first()
    if run is None:
        return False
    stages = list(run.stages.select_for_update().filter(status__in=STAGE_UNFINISHED).order_by("position"))
    dispatch.revoke_after_commit([s.task_id for s in stages if s.status == StageRun.Status.RUNNING])
    for stage in stages:
        end_stage(stage, StageRun.Status.CANCELLED)
    _end_run(run, WorkStatus.CANCELLED)
    dispatch.advance_run_after_commit(run.pk)  # which settles the recording
    return True


def unfinished_runs(*, conversation_id: UUID) -> list[int]:
    """The runs of a conversation that have not ended."""
    runs = PipelineRun.objects.filter(conversation_id=conversation_id, status__in=RUN_UNFINISHED)
    return list(runs.values_list("pk", flat=True))


def unfinished_stages(*, run_id: int) -> bool:
    """Whether any stage of the run is still to come."""
    return StageRun.objects.filter(run_id=run_id, status__in=STAGE_UNFINISHED).exists()


def is_last_under_way(run: PipelineRun) -> bool:
    """Whether no other run of the conversation is still to come to its end."""
    others = PipelineRun.objects.filter(conversation_id=run.conversation_id, status__in=RUN_UNFINISHED)
    return not others.exclude(pk=run.pk).exists()


@transaction.atomic
def finish_run_if_done(*, run_id: int) -> WorkStatus | None:
    """Say how a run ended once every stage has; None while some have not, or where it was said before."""
    run = PipelineRun.objects.select_for_update().filter(pk=run_id, status__in=RUN_UNFINISHED).first()
    if run is None or unfinished_stages(run_id=run_id):
        return None
    status = outcome_of(run.stages.values_list("status", flat=True))
    _end_run(run, status)
    return status


def outcome_of(stage_statuses: Iterable[str]) -> WorkStatus:
    """What a run has come to when its stages ended so: failed only where nothing at all came of it."""
    statuses = set(stage_statuses)
    if StageRun.Status.FAILED not in statuses:
        return WorkStatus.COMPLETED
    return WorkStatus.PARTIAL if StageRun.Status.SUCCEEDED in statuses else WorkStatus.FAILED


def _end_run(run: PipelineRun, status: WorkStatus) -> None:
    run.status, run.finished_at = status, timezone.now()
    run.save(update_fields=["status", "finished_at"])
    whole = PipelineRun.objects.filter(conversation_id=run.conversation_id)
    newest = whole.exclude(parameters__contains={AD_HOC: True}).aggregate(n=Max("number"))["n"]
    if run.number == newest:  # a conversation is as its newest whole run left it
        _set_conversation(run.conversation_id, Conversation.Status(status), completed_at=run.finished_at)


def _set_conversation(pk: UUID, status: Conversation.Status, *, completed_at: datetime | None = None) -> None:
    Conversation.objects.filter(pk=pk).update(status=status, completed_at=completed_at)


def _why_no_words(run: PipelineRun) -> str:
    transcription = run.stages.filter(name="transcription").first()
    if transcription is not None and transcription.status == StageRun.Status.FAILED:
        return "there are no words: the transcription failed"
    return "there are no words: nothing was said"
