"""A live session: one audio source, from its first byte to how it ended."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from conversations.models import ApiKey, Conversation


class RealTimeSession(models.Model):
    """`process_id`: the web process that holds it, believed until `lease_until`, which that process keeps
    moving; past it, or where there is none, any process may take the session. `epoch` counts the sockets it
    has had: what an older one still sends is fenced off by it."""

    class Status(models.TextChoices):
        ACTIVE = "active", "active"
        PAUSED = "paused", "paused"
        COMPLETED = "completed", "completed"
        TERMINATED = "terminated", "terminated"
        INTERRUPTED = "interrupted", "interrupted"

    RUNNING = (Status.ACTIVE, Status.PAUSED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session_id = models.CharField(max_length=64, unique=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="live_sessions"
    )
    api_key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, blank=True)
    conversation = models.OneToOneField(Conversation, on_delete=models.CASCADE, related_name="live_session")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ACTIVE)
    end_reason = models.CharField(max_length=60, blank=True)
    protocol = models.CharField(max_length=40)
    encoding = models.CharField(max_length=12)
    sample_rate_hz = models.PositiveIntegerField()
    channels = models.PositiveSmallIntegerField()
    language = models.CharField(max_length=16, blank=True)
    engine = models.CharField(max_length=80, blank=True)
    whisper_model = models.CharField(max_length=200, blank=True)
    options: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    epoch = models.PositiveIntegerField(default=0)
    process_id = models.CharField(max_length=40, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    next_seq = models.PositiveBigIntegerField(default=0)
    """No message of the session has had this number or one above it: they are reserved in blocks."""
    next_media_seq = models.PositiveBigIntegerField(default=0)
    """Of numbered frames: all before it are in the journal; some after it may be."""
    bytes_received = models.PositiveBigIntegerField(default=0)
    audio_duration_s = models.FloatField(default=0.0)
    connected_at = models.DateTimeField(auto_now_add=True)
    last_activity = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "live session"
        ordering = ["-connected_at"]
        indexes = [
            models.Index(fields=["owner", "-connected_at"], name="session_owner_newest"),
            models.Index(fields=["status", "lease_until"], name="session_status_lease"),
            models.Index(fields=["-connected_at"], name="session_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["active", "paused"], ended_at__isnull=True)
                | models.Q(status__in=["completed", "terminated", "interrupted"], ended_at__isnull=False),
                name="session_ended_when_finished",
            ),
            models.CheckConstraint(
                condition=models.Q(channels__in=[1, 2]), name="session_one_or_two_channels"
            ),
        ]

    def __str__(self) -> str:
        return self.session_id

    @property
    def current_status(self) -> str:
        """As it is now: an active session whose process has gone is paused before anybody wrote that down."""
        is_held = self.lease_until is not None and self.lease_until > timezone.now()
        return self.Status.PAUSED if self.status == self.Status.ACTIVE and not is_held else self.status
