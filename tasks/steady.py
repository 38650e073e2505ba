"""A schedule by a clock that nobody sets: one that is put back an hour stops no sweep for an hour."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from celery.schedules import schedule

_started_at = datetime.now(UTC)
_started_s = time.monotonic()


def steady_now() -> datetime:
    """The time as it was when this process began, and what has passed since."""
    return _started_at + timedelta(seconds=time.monotonic() - _started_s)


def every(interval_s: float) -> schedule:
    return schedule(interval_s, nowfun=steady_now)
