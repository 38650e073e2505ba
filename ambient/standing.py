"""How the installation stands at this moment: for /metrics and for the admin's first page."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Case, CharField, Count, Value, When
from django.utils import timezone

from conversations.models import StageRun
from conversations.services.stage_runs import STAGE_UNFINISHED
from sessions.load import web_processes
from sessions.models import RealTimeSession
from sessions.wire import ENGINE_KEY
from tasks.sweeper import SWEEPS, swept_key

TIMEOUT_S = 2.0


def client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
    )


def parts_up() -> dict[tuple[str, ...], float]:
    """Database, Redis and the live engine: 1.0 or 0.0."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
        database = 1.0
    except DatabaseError:
        database = 0.0
    try:
        with client() as connected:
            engine = float(connected.exists(ENGINE_KEY))
        broker = 1.0
    except redis.RedisError:
        broker = engine = 0.0
    return {("database",): database, ("redis",): broker, ("live engine",): engine}


def sessions_by_state() -> dict[tuple[str, ...], float]:
    """Running ones, as they are now (a session whose process has gone is paused)."""
    held = When(status="active", lease_until__gt=timezone.now(), then=Value("active"))
    counted = (
        RealTimeSession.objects.filter(status__in=RealTimeSession.RUNNING)
        .annotate(state=Case(held, default=Value("paused"), output_field=CharField()))
        .values_list("state")
        .annotate(count=Count("pk"))
        .order_by()
    )
    return {("active",): 0, ("paused",): 0} | {(state,): count for state, count in counted}


def stages_under_way() -> dict[tuple[str, ...], float]:
    counted = (
        StageRun.objects.filter(status__in=STAGE_UNFINISHED)
        .values_list("name", "status")
        .annotate(count=Count("pk"))
        .order_by()
    )
    return {(name, status): count for name, status, count in counted}


def web(figure: str) -> Callable[[], dict[tuple[str, ...], float]]:
    """A figure of each web process that has (had) sessions, by process."""

    def read() -> dict[tuple[str, ...], float]:
        with client() as connected:
            processes = web_processes(connected)
        return {(name,): float(said[figure]) for name, said in processes.items()}

    return read


def sweep_ages_s() -> dict[tuple[str, ...], float]:
    """Of the sweeps that were ever made (while Redis remembers)."""
    with client() as connected:
        swept: list[Any] = connected.mget([swept_key(name) for name in SWEEPS])
    return {
        (name.rpartition(".")[2],): max(0.0, time.time() - float(at))
        for name, at in zip(SWEEPS, swept, strict=True)
        if at is not None
    }
