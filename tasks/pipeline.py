"""The pipeline's tasks: thin. A message says where to look; what is to be done is read from the rows.

Nothing is retried by Celery: a fault that passes puts the stage's row back (`fail_stage`), a child that dies
is reported by its worker (tasks.stage_request), and what dies without a word is found by the sweep
(tasks.upkeep). So a message that is lost or comes twice changes nothing.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import structlog
from celery import Task, shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, connections
from redis import RedisError

from conversations.dispatch import ADVANCE_RUN_TASK, LOSE_STAGE_TASK, RUN_STAGE_TASK
from conversations.metrics import catalogue as metrics
from conversations.models import PipelineRun, StageRun
from conversations.services import runs, stage_runs
from tasks.heartbeat import Heartbeat
from tasks.progress import ProgressRecorder, StageLostError, say_partial, say_run, say_stage
from tasks.recordings import settle_recording
from tasks.stages import STAGES, NothingToDoError, StageResult, StageWork
from tasks.stages.engines import take_usage
from transcription.errors import EngineFailed, TranscriptionError

log = structlog.get_logger(__name__)

BEATS_PER_LEASE = 4
PASSING = (OperationalError, InterfaceError, RedisError)
"""Faults of the database and of Redis that are gone when they are back."""


@shared_task(name=ADVANCE_RUN_TASK)
def advance_run(run_id: int) -> None:
    """Look at a run: send what is ready, and end it when nothing is left."""
    runs.advance_run(run_id=run_id)
    if runs.unfinished_stages(run_id=run_id):
        return
    run = PipelineRun.objects.select_related("conversation").filter(pk=run_id).first()
    if run is None:  # erased meanwhile
        return
    settle_recording(run.conversation, may_go=lambda: runs.is_last_under_way(run))
    if status := runs.finish_run_if_done(run_id=run_id):
        log.info("run_finished", run_id=run_id, conversation_id=str(run.conversation_id), status=status)
        metrics.RUNS.add(1, status)
        say_run(run_id, status=status)


class StageTask(Task):  # type: ignore[type-arg]  # not generic when the program runs
    Request = "tasks.stage_request:StageRequest"


@shared_task(name=LOSE_STAGE_TASK)
def lose_stage(stage_run_id: int, task_id: str) -> None:
    """A child has died at work on a stage: start it anew, without waiting for its lease to run out."""
    if stage_runs.lose_stage(stage_run_id=stage_run_id, task_id=task_id):
        metrics.JANITOR.add(1, "stages_of_dead_processes")
        log.warning("stage_process_died", stage_run_id=stage_run_id)


# The row says what is to be done after a child has died; its message is not to be taken a second time.
@shared_task(name=RUN_STAGE_TASK, bind=True, base=StageTask, reject_on_worker_lost=False)
def run_stage(self: Task[Any, Any], stage_run_id: int) -> None:
    """Take a stage, do it, say how it ended, look at its run."""
    stage = stage_runs.claim_stage(stage_run_id=stage_run_id, task_id=self.request.id or "")
    if stage is None:
        log.info("stage_not_to_be_taken", stage_run_id=stage_run_id)
        return
    log.info("stage_started", run_id=stage.run_id, stage=stage.name, attempt=stage.attempts)
    say_stage(stage)
    lease = Heartbeat(
        lambda: _renew(stage), interval_s=stage_runs.LEASE_S / BEATS_PER_LEASE, name="stage-lease"
    )
    lease.start()
    began_s = time.monotonic()
    try:
        counted = _do(stage)
    except StageLostError:
        counted = False
    finally:
        lease.stop()
    metrics.STAGE_DURATION.observe(time.monotonic() - began_s, stage.name)
    if not counted:
        metrics.STAGES.add(1, stage.name, "lost")
        log.warning("stage_lost", run_id=stage.run_id, stage=stage.name, attempt=stage.attempts)
        return
    stage.refresh_from_db()
    metrics.STAGES.add(1, stage.name, stage.status if stage.status in StageRun.TERMINAL else "retried")
    log.info("stage_ended", run_id=stage.run_id, stage=stage.name, status=stage.status)
    say_stage(stage)
    if stage.status in StageRun.TERMINAL:
        advance_run(stage.run_id)


def _do(stage: StageRun) -> bool:
    """Run the stage and record what came of it. False: this attempt does not count any more."""
    try:
        result = STAGES[stage.name](StageWork(stage, ProgressRecorder(stage), partial(say_partial, stage)))
        return _finish(stage, result)
    except NothingToDoError as reason:
        return stage_runs.skip_stage(stage_run_id=stage.pk, attempt=stage.attempts, reason=str(reason))
    except StageLostError:
        raise
    except Exception as error:
        return _fail(stage, error)


def _finish(stage: StageRun, result: StageResult) -> bool:
    return stage_runs.finish_stage(
        stage_run_id=stage.pk,
        attempt=stage.attempts,
        output=result.output,
        engine=result.engine.name,
        model=result.engine.model,
        engine_version=result.engine.version,
        record=result.record,
        usage=take_usage(stage.name),
    )


def _fail(stage: StageRun, error: Exception) -> bool:
    """Record a fault in words for whoever can do something about it; what nobody foresaw is logged whole."""
    if isinstance(error, SoftTimeLimitExceeded):
        said = "took longer than its time limit"
    elif isinstance(error, TranscriptionError):
        said = str(error)
    else:
        said = f"{type(error).__name__}: {error}"
        log.error("stage_raised", run_id=stage.run_id, stage=stage.name, exc_info=error)
    retry = isinstance(error, PASSING) or (isinstance(error, EngineFailed) and error.retryable)
    if isinstance(error, (OperationalError, InterfaceError)):
        connections.close_all()  # the one that broke is not good for saying so
    log.warning("stage_failed", run_id=stage.run_id, stage=stage.name, attempt=stage.attempts, retry=retry)
    return stage_runs.fail_stage(
        stage_run_id=stage.pk,
        attempt=stage.attempts,
        error=said,
        retry=retry,
        usage=take_usage(stage.name),
    )


def _renew(stage: StageRun) -> None:
    """From the lease's own thread, which has a database connection of its own to give back."""
    try:
        stage_runs.renew_lease(stage_run_id=stage.pk, attempt=stage.attempts)
    finally:
        connections.close_all()
