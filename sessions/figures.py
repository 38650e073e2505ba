"""The figures of a session: counted and timed, None where nothing was measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

STEPS = ("received_queued", "queued_started", "started_decoded", "decoded_committed", "committed_sent")
"""From the receipt of the last audio that a final covers to its frame, in order."""


@dataclass(frozen=True, slots=True)
class StepTimes:
    """When a final passed each step, Unix seconds; None where it did not pass it."""

    received_at: float
    queued_at: float | None = None
    started_at: float | None = None
    decoded_at: float | None = None
    committed_at: float | None = None


@dataclass(slots=True)
class SessionFigures:
    frames_received: int = 0
    decodes_requested: int = 0
    decodes_resent: int = 0
    partials_sent: int = 0
    partials_coalesced: int = 0
    floods: int = 0
    slow_readers: int = 0
    lag_warnings: int = 0
    max_lag_s: float | None = None
    chunks: int = 0
    engine_ms: float = 0.0
    """Of all decodes."""
    decodes_answered: int = 0
    processing_ms: list[float] = field(default_factory=list)
    """Of each chunk that was decoded."""
    confidences: list[float] = field(default_factory=list)
    latency_ms: list[float] = field(default_factory=list)
    step_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def note_lag(self, lag_s: float) -> None:
        """How far the transcript is behind now, a resumed backlog not counted."""
        self.max_lag_s = max(lag_s, self.max_lag_s or 0.0)

    def note_sent(self, times: StepTimes, sent_at: float) -> None:
        """A final went out."""
        self.latency_ms.append((sent_at - times.received_at) * 1000)
        marks = (
            times.received_at,
            times.queued_at,
            times.started_at,
            times.decoded_at,
            times.committed_at,
            sent_at,
        )
        for step, earlier, later in zip(STEPS, marks[:-1], marks[1:], strict=True):
            if earlier is not None and later is not None:
                self.step_ms[step].append((later - earlier) * 1000)

    def summary(self, *, session_duration_s: float, audio_s: float) -> dict[str, float | int | None]:
        """The names of contract/02, also the columns of the metrics row."""
        known = self.processing_ms
        return {
            "chunks_processed": self.chunks,
            "avg_processing_time_ms": sum(known) / len(known) if known else None,
            "max_processing_time_ms": max(known, default=None),
            "min_processing_time_ms": min(known, default=None),
            "total_session_duration": session_duration_s,
            "avg_confidence_score": (
                sum(self.confidences) / len(self.confidences) if self.confidences else None
            ),
            "real_time_factor": (
                self.engine_ms / 1000 / audio_s if audio_s > 0 and self.decodes_answered else None
            ),
        }

    def columns(self, *, session_duration_s: float, audio_s: float) -> dict[str, Any]:
        """The metrics row (RealTimeSessionMetrics)."""
        columns: dict[str, Any] = self.summary(session_duration_s=session_duration_s, audio_s=audio_s)
        columns["total_session_duration_s"] = columns.pop("total_session_duration")
        return columns | {
            "latency_p50_ms": percentile(self.latency_ms, 50),
            "latency_p95_ms": percentile(self.latency_ms, 95),
            "frames_received": self.frames_received,
            "decodes_requested": self.decodes_requested,
            "decodes_resent": self.decodes_resent,
            "partials_sent": self.partials_sent,
            "partials_coalesced": self.partials_coalesced,
            "floods": self.floods,
            "slow_readers": self.slow_readers,
            "lag_warnings": self.lag_warnings,
            "max_lag_s": self.max_lag_s,
            "steps": {
                step: {
                    "p50": percentile(values, 50),
                    "p95": percentile(values, 95),
                    "max": max(values),
                }
                for step, values in self.step_ms.items()
                if values
            },
        }


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Nearest rank: the smallest value that at least `percent` of them do not exceed. None of nothing."""
    if not values:
        return None
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)]
