"""A final segment of a live session, with the measured times of every step on its way."""

from __future__ import annotations

from typing import Any

from django.db import models

from sessions.models.session import RealTimeSession


class RealTimeTranscriptChunk(models.Model):
    """`received_at`: when the last audio that it covers came in. Then: its decode queued, started, decoded,
    the row committed, the frame sent. Latency is a query over these, not an opinion."""

    session = models.ForeignKey(RealTimeSession, on_delete=models.CASCADE, related_name="chunks")
    chunk_index = models.PositiveIntegerField()
    segment_id = models.PositiveIntegerField()
    revision = models.PositiveIntegerField()
    text = models.TextField()
    start_s = models.FloatField()
    end_s = models.FloatField()
    covers_until_s = models.FloatField(null=True, blank=True)
    """Audio before it is done with: a session is gone on with from there."""
    language = models.CharField(max_length=16, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    segments: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list, blank=True)
    model_used = models.CharField(max_length=200)
    processing_time_ms = models.FloatField()
    audio_size_bytes = models.PositiveBigIntegerField()
    speech_ended_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()
    queued_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    decoded_at = models.DateTimeField(null=True, blank=True)
    committed_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "transcript chunk"
        ordering = ["session", "chunk_index"]
        constraints = [
            models.UniqueConstraint(fields=["session", "chunk_index"], name="chunk_index_once_per_session"),
            models.UniqueConstraint(fields=["session", "segment_id"], name="chunk_segment_once_per_session"),
            models.CheckConstraint(
                condition=models.Q(start_s__gte=0) & models.Q(end_s__gte=models.F("start_s")),
                name="chunk_times_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.chunk_index}: {self.text[:60]}"

    @property
    def latency_ms(self) -> float | None:
        """Receipt of the last audio it covers → sent."""
        if self.sent_at is None:
            return None
        return (self.sent_at - self.received_at).total_seconds() * 1000
