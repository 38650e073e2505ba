"""The sweep: what a dead worker, a dead broker or a lost message left lying is sent again.

Any number of sweeps may run at the same time: each stage is released under its row's lock, and who comes
second finds it done.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from celery import shared_task
from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from conversations import dispatch
from conversations.dispatch import (
    BATCH_QUEUE,
    CPU_QUEUE,
    DRAW_WAVEFORM_TASK,
    ERASE_EXPIRED_TASK,
    SWEEP_RUNS_TASK,
)
from conversations.metrics import catalogue as metrics
from conversations.models import PipelineRun, StageRun
from conversations.queues import waiting_messages
from conversations.services import retention, stage_runs, waveforms
from conversations.services.access_log import forget_access
from conversations.services.unclaimed import sweep_unclaimed
from sessions.selectors import runs_with_recordings_left
from sessions.services.finishing import finish_abandoned
from sessions.services.holding import pause_lapsed
from sessions.wire import SWEEP_SESSIONS_TASK

log = structlog.get_logger(__name__)

TAKEN_FOR_LOST_S = 15
"""A stage sent so long ago, while the queue holds fewer messages than stages that wait, was lost. Longer than
the longest back-off, in which a worker holds the message. Taken for lost wrongly, it costs a message."""
UNCLAIMED_FOR = timedelta(hours=1)
"""A file is claimed as soon as it is written whole; one that is not by then, its process left behind."""
STALLED_S = 10
"""A run that is older than this and has nothing running or sent was forgotten."""


@shared_task(name=SWEEP_SESSIONS_TASK)
def sweep_sessions() -> None:
    """Finish the sessions whose web process is gone from their recordings: nothing accepted is lost."""
    if paused := pause_lapsed():
        metrics.JANITOR.add(paused, "sessions_paused")
    if ended := finish_abandoned(grace_s=settings.AMBIENT.live.resume_grace_s):
        metrics.JANITOR.add(len(ended), "sessions_finished")
        log.warning("sessions_finished_for_their_process", session_ids=ended)


@shared_task(name=ERASE_EXPIRED_TASK)
def erase_expired() -> None:
    conversations, recordings = retention.erase_expired(
        retention_days=settings.AMBIENT.retention_days,
        audio_retention_days=settings.AMBIENT.audio_retention_days,
    )
    if conversations or recordings:
        metrics.JANITOR.add(conversations, "conversations_erased")
        metrics.JANITOR.add(recordings, "recordings_erased")
        log.info("erased_expired", conversations=conversations, recordings=recordings)
    forget_access(days=settings.AMBIENT.access_log_days)
    if unclaimed := sweep_unclaimed(created_before=timezone.now() - UNCLAIMED_FOR):
        metrics.JANITOR.add(len(unclaimed), "files_erased")
        log.warning("unclaimed_files_erased", files=len(unclaimed))


@shared_task(name=DRAW_WAVEFORM_TASK)
def draw_waveform(conversation_id: str) -> None:
    waveforms.draw_waveform(conversation_id=UUID(conversation_id))


@shared_task(name=SWEEP_RUNS_TASK)
def sweep_runs() -> None:
    now = timezone.now()
    expired = StageRun.objects.filter(status=StageRun.Status.RUNNING, lease_until__lt=now)
    released = [
        pk for pk in expired.values_list("pk", flat=True) if stage_runs.release_stage(stage_run_id=pk)
    ]
    resent = _resend_lost(now - timedelta(seconds=TAKEN_FOR_LOST_S))
    stalled = _stalled_runs(now - timedelta(seconds=STALLED_S))
    left = runs_with_recordings_left()  # of these the message that settles a recording was lost
    for run_id in [*stalled, *left]:
        dispatch.advance_run_after_commit(run_id, expires_s=STALLED_S)
    if released or resent or stalled or left:
        for work, found in (
            ("stages_released", released),
            ("stages_resent", resent),
            ("runs_moved_on", [*stalled, *left]),
        ):
            if found:
                metrics.JANITOR.add(len(found), work)
        log.warning("sweep_found_work", released=released, resent=resent, stalled=stalled, left=left)


def _resend_lost(queued_before: datetime) -> list[int]:
    sent = StageRun.objects.filter(status=StageRun.Status.PENDING, queued_at__isnull=False)
    overdue = list(
        sent.filter(queued_at__lt=queued_before).order_by("queued_at").values_list("pk", flat=True)
    )
    waiting = sum(map(waiting_messages, (BATCH_QUEUE, CPU_QUEUE))) if overdue else 0
    missing = sent.count() - waiting if overdue else 0
    return [
        pk
        for pk in overdue[: max(0, missing)]
        if stage_runs.resend_stage(stage_run_id=pk, queued_before=queued_before)
    ]


def _stalled_runs(created_before: datetime) -> list[int]:
    under_way = StageRun.objects.filter(run=OuterRef("pk")).exclude(status__in=StageRun.TERMINAL)
    moving = under_way.exclude(status=StageRun.Status.PENDING, queued_at__isnull=True)
    runs = PipelineRun.objects.filter(status__in=stage_runs.RUN_UNFINISHED, created_at__lt=created_before)
    return list(runs.exclude(Exists(moving)).values_list("pk", flat=True))
