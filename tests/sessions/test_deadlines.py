"""The times of a session's life, with a clock that is held."""

from __future__ import annotations

from sessions.deadlines import DRAIN_PATIENCE_S, LAG_WARNING_INTERVAL_S, Deadlines
from sessions.endings import END_BY_ABSENCE, END_BY_DURATION


def deadlines() -> Deadlines:
    return Deadlines(started_s=100.0, max_session_duration_s=1000.0, resume_grace_s=60.0)


def test_absence_and_duration() -> None:
    """Without a socket it ends after the grace, with one after the longest duration, and only once."""
    times = deadlines()
    assert times.ending_due(1099.0) is None
    assert times.ending_due(1100.0) is END_BY_DURATION
    times.detached_s = 200.0
    assert times.next_s(200.0) == 260.0
    assert times.ending_due(259.0) is None
    assert times.ending_due(260.0) is END_BY_ABSENCE
    times.ending_s = 260.0
    assert times.ending_due(5000.0) is None


def test_an_end_waits_for_an_engine_that_answers() -> None:
    """Patience counts from the last answer, and only while the session is ending."""
    times = deadlines()
    assert not times.engine_is_gone(9999.0, None)
    times.ending_s = 200.0
    assert not times.engine_is_gone(200.0 + DRAIN_PATIENCE_S, 201.0)
    assert times.engine_is_gone(201.0 + DRAIN_PATIENCE_S, 201.0)


def test_lag_is_told_now_and_then() -> None:
    """A lag past the threshold is told at once, then not before an interval has passed."""
    times = deadlines()
    assert not times.warns_of(2.9, 200.0)
    assert times.warns_of(3.0, 200.0)
    assert not times.warns_of(9.0, 200.0 + LAG_WARNING_INTERVAL_S - 1)
    assert times.warns_of(9.0, 200.0 + LAG_WARNING_INTERVAL_S)
