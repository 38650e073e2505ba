"""Beat, with the sweeps in its own hands.

What finds lost work must not wait behind the work: with every batch worker busy, or Redis gone, a sweep that
was sent as a message would not run. It is a few queries, so the scheduler makes them itself. What takes
longer it sends, as ever.

Nothing of the schedule is kept in a file.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery.beat import Scheduler
from django.db import connection, connections

from conversations.dispatch import SWEEP_RUNS_TASK
from conversations.services.stage_runs import LEASE_S
from sessions.wire import SWEEP_SESSIONS_TASK
from tasks.redis_client import redis_client

log = structlog.get_logger(__name__)

SWEPT_TTL_S = 24 * 3600
SWEEPS = (SWEEP_RUNS_TASK, SWEEP_SESSIONS_TASK)


def swept_key(task: str) -> str:
    """Holds the Unix seconds of the last sweep of this kind."""
    return f"ambient:swept:{task}"


class Sweeper(Scheduler):
    """The value of `beat_scheduler`."""

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        if entry.task not in SWEEPS:
            super().apply_entry(entry, producer)
            return
        try:
            if database_up_s() >= LEASE_S:
                self.app.tasks[entry.task]()
                redis_client().set(swept_key(entry.task), time.time(), ex=SWEPT_TTL_S)
        except Exception as error:  # the next sweep is not far
            log.warning("sweep_failed", task=entry.task, error=repr(error))
        finally:
            connections.close_all()


def database_up_s() -> float:
    """How long the database has been there. While it was away nobody could say that they live: leases that
    ran out meanwhile mean nothing until their holders have had the time to renew them."""
    with connection.cursor() as cursor:
        cursor.execute("select extract(epoch from now() - pg_postmaster_start_time())")
        (up_s,) = cursor.fetchone()
    return float(up_s)
