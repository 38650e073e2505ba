"""One session's share of what the installation counts.

Nothing is counted per frame: the session keeps its own figures anyway, and what they have grown by is added
when its house is kept.
"""

from __future__ import annotations

from itertools import pairwise

from conversations.metrics import catalogue as metrics
from conversations.metrics.kinds import Counter
from sessions.figures import STEPS, SessionFigures, StepTimes
from sessions.meter import Meter


class SessionTelemetry:
    """Counts from now on: what the figures had before (of another process) was counted there."""

    def __init__(self, figures: SessionFigures, meter: Meter) -> None:
        self._figures = figures
        self._meter = meter
        self._counted = self._now()

    def note(self, lag_s: float | None = None) -> None:
        """What has come since the last time; `lag_s` where it has a socket."""
        now = self._now()
        grown = [after - before for after, before in zip(now, self._counted, strict=True)]
        self._counted = now
        for (counter, *labels), amount in zip(COUNTED, grown, strict=True):
            if amount > 0:
                counter.add(amount, *labels)
        if lag_s is not None:
            metrics.LAG.observe(max(0.0, lag_s))

    def _now(self) -> tuple[float, ...]:
        """In the order of COUNTED."""
        figures, received = self._figures, self._meter.total
        return (
            figures.frames_received,
            received.sent_bytes,
            received.audio_s,
            figures.decodes_requested,
            figures.decodes_resent,
            figures.decodes_answered,
            figures.engine_ms / 1000,
            figures.partials_sent,
            figures.partials_coalesced,
            figures.floods,
            figures.slow_readers,
            figures.lag_warnings,
        )


COUNTED: tuple[tuple[Counter, *tuple[str, ...]], ...] = (
    (metrics.FRAMES,),
    (metrics.BYTES,),
    (metrics.AUDIO_S,),
    (metrics.DECODES, "requested"),
    (metrics.DECODES, "resent"),
    (metrics.DECODES, "answered"),
    (metrics.ENGINE_S,),
    (metrics.PARTIALS,),
    (metrics.DROPS, "partials"),
    (metrics.SOCKET_FAULTS, "flood"),
    (metrics.SOCKET_FAULTS, "slow_reader"),
    (metrics.SOCKET_FAULTS, "lag"),
)


def note_final(times: StepTimes, sent_at: float) -> None:
    """A final's frame has gone out."""
    metrics.FINAL_LATENCY.observe(max(0.0, sent_at - times.received_at))
    marks = (
        times.received_at,
        times.queued_at,
        times.started_at,
        times.decoded_at,
        times.committed_at,
        sent_at,
    )
    for step, (earlier, later) in zip(STEPS, pairwise(marks), strict=True):
        if earlier is not None and later is not None:
            # A decode may be queued before the last audio that its final covers.
            metrics.STEP_LATENCY.observe(max(0.0, later - earlier), step)
