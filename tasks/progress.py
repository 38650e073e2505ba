"""How far a run is, said on Redis for whoever listens: a courtesy, the rows are the truth."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import structlog
from redis import RedisError

from conversations.dispatch import run_channel
from conversations.models import StageRun
from conversations.services.stage_runs import renew_lease
from tasks.redis_client import redis_client

log = structlog.get_logger(__name__)

MIN_INTERVAL_S = 1.0
"""Between two notes of progress: each is a row written."""


class StageLostError(Exception):
    """The stage was cancelled or given to another worker: what is made here will not be kept."""


def publish_stage(run_id: int, *, stage: str, status: str, progress: float) -> None:
    _publish(run_id, {"stage": stage, "status": status, "progress": round(progress, 3)})


def publish_run(run_id: int, *, status: str) -> None:
    _publish(run_id, {"status": status})


def _publish(run_id: int, news: dict[str, object]) -> None:
    try:
        redis_client().publish(run_channel(run_id), json.dumps({"run_id": run_id, **news}))
    except RedisError as error:
        log.warning("progress_not_published", run_id=run_id, error=repr(error))


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
        publish_stage(
            self._stage.run_id, stage=self._stage.name, status=StageRun.Status.RUNNING, progress=progress
        )
