"""What the admin's first page says of the installation: bounded queries, whatever is in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.utils import timezone
from redis.exceptions import RedisError

from ambient import standing
from conversations.metrics import catalogue
from conversations.metrics.kinds import SUM
from conversations.metrics.tally import Field, counted
from conversations.models import StageRun
from conversations.queues import queue_states
from sessions.load import web_processes
from sessions.models import RealTimeSession, RealTimeSessionMetrics

SHOWN = 10
RECENT_SESSIONS = 50
WINDOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class StageRate:
    """Attempts since Redis was started; `mean_s` None where none was timed."""

    stage: str
    attempts: int
    failed: int
    mean_s: float | None

    @property
    def failed_ratio(self) -> float:
        return self.failed / self.attempts if self.attempts else 0.0


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`latency_p95_ms`: median over the sessions that ended last; None where none was measured. What Redis
    would say is empty where it does not answer (`parts` says that)."""

    sessions: Mapping[str, int]
    sessions_limit: int
    latency_p95_ms: float | None
    real_time_factor: float | None
    parts: Mapping[str, bool]
    queues: Mapping[str, Mapping[str, int | None]]
    interrupted: Mapping[str, int]
    failed_stages: list[StageRun]
    interrupted_sessions: list[RealTimeSession]
    web: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    stages: list[StageRate] = field(default_factory=list)
    sweeps_s: Mapping[str, float] = field(default_factory=dict)

    @property
    def lag_s(self) -> float | None:
        return max((said["lag_s"] for said in self.web.values()), default=None)


def dashboard() -> Dashboard:
    since = timezone.now() - WINDOW
    recent = list(
        RealTimeSessionMetrics.objects.filter(latency_p95_ms__isnull=False)
        .order_by("-session__connected_at")
        .values_list("latency_p95_ms", "real_time_factor")[:RECENT_SESSIONS]
    )
    latencies = [latency for latency, _ in recent if latency is not None]
    factors = [factor for _, factor in recent if factor is not None]
    ended_badly = RealTimeSession.objects.filter(
        status=RealTimeSession.Status.INTERRUPTED, connected_at__gt=since
    )
    failed = StageRun.objects.filter(status=StageRun.Status.FAILED, finished_at__isnull=False)
    return Dashboard(
        sessions={state: int(count) for (state,), count in standing.sessions_by_state().items()},
        sessions_limit=settings.AMBIENT.live.max_connections,
        latency_p95_ms=median(latencies) if latencies else None,
        real_time_factor=median(factors) if factors else None,
        parts={part: bool(up) for (part,), up in standing.parts_up().items()},
        queues=queue_states(),
        interrupted=dict(ended_badly.values_list("end_reason").annotate(count=Count("pk")).order_by()),
        failed_stages=list(
            failed.select_related("run").defer("output", "run__parameters").order_by("-finished_at")[:SHOWN]
        ),
        interrupted_sessions=list(ended_badly.defer("options").order_by("-connected_at")[:SHOWN]),
        **_of_redis(),
    )


def _of_redis() -> dict[str, Any]:
    try:
        with standing.client() as client:
            web = web_processes(client)
        return {
            "web": web,
            "stages": _rates(counted()),
            "sweeps_s": {name: age for (name,), age in standing.sweep_ages_s().items()},
        }
    except RedisError:
        return {}


def _rates(counts: Mapping[Field, float]) -> list[StageRate]:
    outcomes: dict[str, dict[str, int]] = {}
    for name, *rest in counts:
        if name == catalogue.STAGES.name:
            outcomes.setdefault(rest[0], {})[rest[1]] = int(counts[(name, *rest)])
    return [
        StageRate(
            stage,
            attempts=sum(by_outcome.values()),
            failed=sum(by_outcome.get(outcome, 0) for outcome in ("failed", "lost", "retried")),
            mean_s=_mean_s(stage, counts),
        )
        for stage, by_outcome in sorted(outcomes.items())
    ]


def _mean_s(stage: str, counts: Mapping[Field, float]) -> float | None:
    name = catalogue.STAGE_DURATION.name
    parts = {field[2]: value for field, value in counts.items() if field[:2] == (name, stage)}
    total_s = parts.pop(SUM, 0.0)
    count = sum(parts.values())
    return total_s / count if count else None
