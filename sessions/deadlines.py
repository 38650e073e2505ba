"""The times that matter to a session: how long it may run, stay away, and wait for an engine at its end.

Pure: every time is passed in, seconds on one monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from sessions.endings import END_BY_ABSENCE, END_BY_DURATION, Ending

DRAIN_PATIENCE_S = 75.0
"""Longer than the core tries an utterance (60 s): then nobody is there to answer, and the session ends
without; its recording is transcribed by the pipeline."""
DRAIN_LOOK_S = 1.0
"""How often a session that is ending looks whether that time has come."""
LAG_WARNING_S = 3.0
LAG_WARNING_INTERVAL_S = 10.0


@dataclass(slots=True)
class Deadlines:
    """`detached_s`: since when there is no socket. `ending_s`: since when no more audio is taken."""

    started_s: float
    max_session_duration_s: float
    resume_grace_s: float
    detached_s: float | None = None
    ending_s: float | None = None
    next_lag_warning_s: float = 0.0

    def ending_due(self, now_s: float) -> Ending | None:
        """How the session has to end now, if it has to."""
        if self.ending_s is not None:
            return None
        if self.detached_s is not None and now_s >= self.detached_s + self.resume_grace_s:
            return END_BY_ABSENCE
        if now_s >= self.started_s + self.max_session_duration_s:
            return END_BY_DURATION
        return None

    def engine_is_gone(self, now_s: float, last_answer_s: float | None) -> bool:
        """Whether a session that is ending has waited long enough for its last words."""
        if self.ending_s is None:
            return False
        return now_s - max(self.ending_s, last_answer_s or 0.0) >= DRAIN_PATIENCE_S

    def warns_of(self, lag_s: float, now_s: float) -> bool:
        """Whether this lag is to be told now: it is not told again with every frame."""
        if lag_s < LAG_WARNING_S or now_s < self.next_lag_warning_s:
            return False
        self.next_lag_warning_s = now_s + LAG_WARNING_INTERVAL_S
        return True

    def next_s(self, now_s: float) -> float:
        """When to look again."""
        if self.ending_s is not None:
            return now_s + DRAIN_LOOK_S
        times = [self.started_s + self.max_session_duration_s]
        if self.detached_s is not None:
            times.append(self.detached_s + self.resume_grace_s)
        return min(times)
