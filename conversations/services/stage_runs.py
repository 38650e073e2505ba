"""One stage of a run: taken, kept alive, ended (architecture, decision 9).

Every function is one transaction under the row's lock and may be called again with the same effect. A stage
that is at work is named by its row and its attempt: what an earlier attempt says late (its process was
thought dead, or it was cancelled) changes nothing.

    pending ──claim──> running ──finish, skip──> succeeded | skipped
       ^                  │ ├──────fail────────> failed
       └──retry, lease────┘ └──────cancel──────> cancelled
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from conversations import dispatch
from conversations.models import Conversation, PipelineRun, StageRun, WorkStatus
from conversations.services.run_plan import waits_for

LEASE_S = 20
"""How long a start is believed without a sign of life; workers renew it four times as often. Longer than
native code keeps a whole process from saying so (a large library that is loaded from a slow disk)."""
MAX_ATTEMPTS = 3
BACK_OFF_S = (2.0, 10.0)
"""Before the second and the third attempt: a restarting broker or database is back within such times."""
MAX_ERROR_CHARS = 2000
GAVE_UP = f"given up after {MAX_ATTEMPTS} attempts whose process died or lost touch"

RUN_UNFINISHED = (WorkStatus.PENDING, WorkStatus.PROCESSING)
STAGE_UNFINISHED = (StageRun.Status.PENDING, StageRun.Status.RUNNING)


def ready_stages(run: PipelineRun) -> list[StageRun]:
    """Pending stages that wait for nothing any more, in order; those already sent among them."""
    stages = list(run.stages.order_by("position"))
    unfinished = {stage.name for stage in stages if stage.status in STAGE_UNFINISHED}
    return [
        stage
        for stage in stages
        if stage.status == StageRun.Status.PENDING and not unfinished & waits_for(stage.name)
    ]


def claim_stage(*, stage_run_id: int, task_id: str) -> StageRun | None:
    """Take a pending stage for an attempt, counted before it starts. None: it is not there to be taken
    (another worker has it, it has ended, it must still wait, its run was cancelled, it was erased)."""
    with transaction.atomic():
        stage = _locked(stage_run_id)
        if stage is None or stage.status != StageRun.Status.PENDING:
            return None
        if stage.run.status not in RUN_UNFINISHED or stage not in ready_stages(stage.run):
            return None
        now = timezone.now()
        stage.status = StageRun.Status.RUNNING
        stage.attempts += 1
        stage.task_id = task_id
        stage.progress = 0.0
        stage.started_at = now
        stage.lease_until = now + timedelta(seconds=LEASE_S)
        stage.save()
        return stage


def renew_lease(*, stage_run_id: int, attempt: int, progress: float | None = None) -> bool:
    """A sign of life. False: this attempt is no longer believed, and what it makes will not be kept."""
    fields: dict[str, Any] = {"lease_until": timezone.now() + timedelta(seconds=LEASE_S)}
    if progress is not None:
        fields["progress"] = min(1.0, max(0.0, progress))
    at_work = StageRun.objects.filter(pk=stage_run_id, attempts=attempt, status=StageRun.Status.RUNNING)
    return bool(at_work.update(**fields))


def finish_stage(
    *,
    stage_run_id: int,
    attempt: int,
    output: Any,
    engine: str,
    model: str,
    engine_version: str,
    record: Callable[[StageRun], None] | None = None,
    usage: Mapping[str, Any] | None = None,
) -> bool:
    """Keep what a stage found. `record` writes its rows in the same transaction, so that they and the
    stage's end are there together or not at all. False: this attempt does not count any more."""
    with transaction.atomic():
        stage = _at_work(stage_run_id, attempt)
        if stage is None:
            return False
        if record is not None:
            record(stage)
        _add_usage(stage, usage)
        stage.output = output
        stage.engine, stage.model, stage.engine_version = engine, model, engine_version
        stage.progress = 1.0
        end_stage(stage, StageRun.Status.SUCCEEDED)
        return True


def skip_stage(*, stage_run_id: int, attempt: int, reason: str) -> bool:
    """A stage that turned out to have nothing to work on or nothing to work with."""
    with transaction.atomic():
        stage = _at_work(stage_run_id, attempt)
        if stage is None:
            return False
        end_stage(stage, StageRun.Status.SKIPPED, skip_reason=reason)
        return True


def fail_stage(
    *, stage_run_id: int, attempt: int, error: str, retry: bool, usage: Mapping[str, Any] | None = None
) -> bool:
    """A stage that broke. `retry`: the fault passes, so it is sent again while attempts last."""
    with transaction.atomic():
        stage = _at_work(stage_run_id, attempt)
        if stage is None:
            return False
        _add_usage(stage, usage)
        stage.error = error[:MAX_ERROR_CHARS]
        if retry and stage.attempts < MAX_ATTEMPTS:
            send_stage(stage, stage.run.conversation.duration_s, countdown_s=BACK_OFF_S[stage.attempts - 1])
        else:
            end_stage(stage, StageRun.Status.FAILED)
        return True


@transaction.atomic
def release_stage(*, stage_run_id: int) -> bool:
    """A stage whose lease ran out: sent again, or failed where its attempts are used up (poison).

    Another sweep that holds the row is let do it.
    """
    stage = (
        StageRun.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("run__conversation")
        .filter(pk=stage_run_id, status=StageRun.Status.RUNNING, lease_until__lt=timezone.now())
        .first()
    )
    if stage is None:
        return False
    _try_again(stage, countdown_s=0.0)
    return True


@transaction.atomic
def lose_stage(*, stage_run_id: int, task_id: str) -> bool:
    """The process at work on it as that task was seen to die: as if its lease had run out. Memory may have
    been short, so what may be tried again is tried after a pause."""
    stage = _locked(stage_run_id)
    if stage is None or stage.status != StageRun.Status.RUNNING or stage.task_id != task_id:
        return False
    _try_again(stage, countdown_s=BACK_OFF_S[0])
    return True


def _try_again(stage: StageRun, *, countdown_s: float) -> None:
    """After an attempt that died. The row is locked by the caller."""
    if stage.attempts >= MAX_ATTEMPTS:
        stage.error = f"{GAVE_UP}\n{stage.error}".strip()[:MAX_ERROR_CHARS]
        end_stage(stage, StageRun.Status.FAILED)
        dispatch.advance_run_after_commit(stage.run_id)
    else:
        send_stage(stage, stage.run.conversation.duration_s, countdown_s=countdown_s)


@transaction.atomic
def resend_stage(*, stage_run_id: int, queued_before: datetime) -> bool:
    """A stage that was sent before then and that nobody took: its message is taken for lost."""
    stage = (
        StageRun.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("run__conversation")
        .filter(pk=stage_run_id, status=StageRun.Status.PENDING, queued_at__lt=queued_before)
        .first()
    )
    if stage is None:
        return False
    send_stage(stage, stage.run.conversation.duration_s)
    return True


def _locked(stage_run_id: int) -> StageRun | None:
    return (
        StageRun.objects.select_for_update(of=("self",))
        .select_related("run__conversation")
        .filter(pk=stage_run_id)
        .first()
    )


def _add_usage(stage: StageRun, usage: Mapping[str, Any] | None) -> None:
    """Attempts are added up; a figure that one of them did not have counts as nothing used."""
    if not usage:
        return
    before = stage.usage or {}
    stage.usage = {
        name: value if before.get(name) is None else before[name] + (value or 0)
        for name, value in usage.items()
    }
    stage.save(update_fields=["usage"])


def _at_work(stage_run_id: int, attempt: int) -> StageRun | None:
    stage = _locked(stage_run_id)
    if stage is None or stage.status != StageRun.Status.RUNNING or stage.attempts != attempt:
        return None
    return stage


def send_stage(stage: StageRun, audio_duration_s: float, *, countdown_s: float = 0.0) -> None:
    """Have it (again) taken by a worker. The row is locked by the caller."""
    stage.status = StageRun.Status.PENDING
    stage.queued_at = timezone.now()
    stage.lease_until = None
    stage.save()
    dispatch.run_stage_after_commit(
        stage.pk,
        stage=stage.name,
        audio_duration_s=audio_duration_s,
        countdown_s=countdown_s,
        priority=_priority_of(stage.run),
    )


def _priority_of(run: PipelineRun) -> int:
    """A question that somebody waits for and a call that has just ended go before texts, and those before
    recordings that were sent in."""
    if run.is_ad_hoc or run.conversation.source == Conversation.Source.LIVE:
        return dispatch.NOW
    return dispatch.SOON if run.conversation.source == Conversation.Source.TEXT else dispatch.LATER


def end_stage(stage: StageRun, status: StageRun.Status, *, skip_reason: str = "") -> None:
    """Its last state in this run. The row is locked by the caller."""
    stage.status = status
    stage.skip_reason = skip_reason
    stage.finished_at = timezone.now()
    stage.lease_until = None
    if status == StageRun.Status.SUCCEEDED:
        stage.error = ""
    stage.save()
