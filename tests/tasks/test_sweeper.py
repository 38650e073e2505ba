"""Beat makes the sweeps itself, by a clock that nobody sets."""

from __future__ import annotations

from datetime import timedelta

import pytest
from celery.beat import ScheduleEntry

from ambient.celery import app
from conversations.services.stage_runs import LEASE_S
from tasks import sweeper
from tasks.steady import steady_now


@pytest.fixture
def beat() -> sweeper.Sweeper:
    app.loader.import_default_modules()
    return sweeper.Sweeper(app)


def entry(beat: sweeper.Sweeper, name: str) -> ScheduleEntry:
    found: ScheduleEntry = beat.schedule[name]
    return found


def test_beat_is_told_to_use_it() -> None:
    """`celery beat` without options makes the sweeps."""
    assert app.conf.beat_scheduler == f"{sweeper.Sweeper.__module__}.{sweeper.Sweeper.__qualname__}"
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} > set(sweeper.SWEEPS)


@pytest.mark.django_db
@pytest.mark.parametrize(("up_s", "swept"), [(LEASE_S - 1.0, []), (LEASE_S, ["sessions"])])
def test_a_database_that_has_just_started_is_not_swept(
    beat: sweeper.Sweeper, monkeypatch: pytest.MonkeyPatch, up_s: float, swept: list[str]
) -> None:
    """Leases that nobody could renew while it was away are not taken for those of the dead."""
    done: list[str] = []
    monkeypatch.setattr(sweeper, "database_up_s", lambda: up_s)
    monkeypatch.setattr("tasks.upkeep.finish_abandoned", lambda **_: done.append("sessions"))
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)  # the test's own is among them
    beat.apply_entry(entry(beat, "sweep-sessions"))
    assert done == swept


@pytest.mark.django_db
def test_the_database_says_how_long_it_is_there() -> None:
    """PostgreSQL knows when it started."""
    assert 0 < sweeper.database_up_s() < 24 * 3600


def test_a_sweep_that_breaks_does_not_break_beat(
    beat: sweeper.Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the database away the scheduler lives on, and tries again."""

    def away() -> float:
        raise OSError("as I was told")

    monkeypatch.setattr(sweeper, "database_up_s", away)
    beat.apply_entry(entry(beat, "sweep-runs"))


def test_a_wall_clock_that_is_set_back_delays_no_sweep(
    beat: sweeper.Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is due is said by the steady clock."""
    sweep = entry(beat, "sweep-sessions")
    monkeypatch.setattr(app, "now", lambda: steady_now() - timedelta(hours=1))
    sweep.last_run_at = steady_now() - timedelta(minutes=1)
    is_due, _ = sweep.is_due()
    assert is_due
