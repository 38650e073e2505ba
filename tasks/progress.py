"""How far a run is, said on Redis for whoever follows it: a courtesy, the rows are the truth."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from redis import RedisError

from conversations import run_events
from conversations.models import PipelineRun, StageRun
from conversations.run_events import RunEvent
from conversations.selectors import run_progress
from conversations.services.stage_runs import renew_lease
from tasks.redis_client import redis_client

log = structlog.get_logger(__name__)

MIN_INTERVAL_S = 1.0
"""Between two notes of progress: each is a row written."""


class StageLostError(Exception):
    """The stage was cancelled or given to another worker: what is made here will not be kept."""


def say_stage(stage: StageRun) -> None:
    """What has become of a stage, and how far that brings its run."""
    run = PipelineRun.objects.prefetch_related("stages").filter(pk=stage.run_id).first()
    if run is not None:
        _append(
            run.pk,
            RunEvent("stage", time.time(), stage=stage.name, status=stage.status, progress=run_progress(run)),
        )


def say_partial(stage: StageRun, data: Mapping[str, Any]) -> None:
    """A piece of a stage's result, before the whole is there."""
    _append(stage.run_id, RunEvent("partial", time.time(), stage=stage.name, data=data))


def say_run(run_id: int, *, status: str) -> None:
    _append(run_id, RunEvent("run", time.time(), status=status, progress=1.0))


def _append(run_id: int, event: RunEvent) -> None:
    try:
        run_events.append(redis_client(), run_id, event)
    except RedisError as error:
        log.warning("event_not_kept", run_id=run_id, kind=event.kind, error=repr(error))


class ProgressRecorder:
    """The `on_progress` of a stage at work: into the row and onto Redis, at most once a second."""

    def __init__(self, stage: StageRun, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stage = stage
        self._clock = clock
        self._said_at = clock()

    def __call__(self, progress: float) -> None:
        """Raises StageLostError where the work has become pointless."""
        now = self._clock()
        if now - self._said_at < MIN_INTERVAL_S:
            return
        self._said_at = now
        if not renew_lease(stage_run_id=self._stage.pk, attempt=self._stage.attempts, progress=progress):
            raise StageLostError(f"stage run {self._stage.pk}, attempt {self._stage.attempts}")
        self._stage.progress = progress
        say_stage(self._stage)
