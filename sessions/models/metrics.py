"""The figures of a session: all measured, null where nothing was."""

from __future__ import annotations

from typing import Any

from django.db import models

from sessions.models.session import RealTimeSession


class RealTimeSessionMetrics(models.Model):
    session = models.OneToOneField(RealTimeSession, on_delete=models.CASCADE, related_name="metrics")
    chunks_processed = models.PositiveIntegerField(default=0)
    avg_processing_time_ms = models.FloatField(null=True, blank=True)
    max_processing_time_ms = models.FloatField(null=True, blank=True)
    min_processing_time_ms = models.FloatField(null=True, blank=True)
    total_session_duration_s = models.FloatField(default=0.0)
    avg_confidence_score = models.FloatField(null=True, blank=True)
    real_time_factor = models.FloatField(null=True, blank=True)
    latency_p50_ms = models.FloatField(null=True, blank=True)
    latency_p95_ms = models.FloatField(null=True, blank=True)
    frames_received = models.PositiveBigIntegerField(default=0)
    decodes_requested = models.PositiveBigIntegerField(default=0)
    decodes_resent = models.PositiveIntegerField(default=0)
    partials_sent = models.PositiveBigIntegerField(default=0)
    partials_coalesced = models.PositiveBigIntegerField(default=0)
    floods = models.PositiveIntegerField(default=0)
    """Sockets that were closed since their audio came too far ahead of the clock."""
    slow_readers = models.PositiveIntegerField(default=0)
    """Sockets that were closed since nobody took what waited for them."""
    lag_warnings = models.PositiveIntegerField(default=0)
    max_lag_s = models.FloatField(null=True, blank=True)
    """The most that the transcript was behind the audio."""
    steps: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    """Percentiles in ms of each step: {step: {p50, p95, max}}."""
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "session metrics"
        verbose_name_plural = "session metrics"

    def __str__(self) -> str:
        return f"metrics of {self.session_id}"
