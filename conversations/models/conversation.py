"""A conversation and its words, in versions: what was heard live, and what a later pass made of it."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models

from conversations.sealing.storage import SealedStorage

SEARCH_CONFIG = "simple"
"""PostgreSQL's, for every language alike: words as they are, without stems that only one language has."""


class Version(models.TextChoices):
    LIVE = "live", "live"
    FINAL = "final", "final"


class Conversation(models.Model):
    """From a live session, an upload or a text; it exists from the first moment."""

    class Source(models.TextChoices):
        LIVE = "live", "live session"
        UPLOAD = "upload", "upload"
        TEXT = "text", "text"

    class Status(models.TextChoices):
        PENDING = "pending", "pending"
        PROCESSING = "processing", "processing"
        COMPLETED = "completed", "completed"
        PARTIAL = "partial", "partial"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations"
    )
    source = models.CharField(max_length=8, choices=Source.choices)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PENDING)
    title = models.CharField(max_length=200, blank=True)
    session_id = models.CharField(max_length=64, blank=True, db_index=True)
    language = models.CharField(max_length=16, blank=True)
    duration_s = models.FloatField(default=0.0)
    audio = models.FileField(
        upload_to="recordings/%Y/%m/%d", max_length=300, blank=True, storage=SealedStorage()
    )
    store_audio = models.BooleanField(default=True)
    question_set = models.ForeignKey("QuestionSet", on_delete=models.SET_NULL, null=True, blank=True)
    taxonomy = models.ForeignKey("Taxonomy", on_delete=models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="conversation_owner_newest")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(duration_s__gte=0), name="conversation_duration_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"{self.get_source_display()} {self.id}"


class Segment(models.Model):
    """One utterance of one version. `run_number` 0 is the live version; final ones count from 1."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="segments")
    version = models.CharField(max_length=5, choices=Version.choices)
    run_number = models.PositiveIntegerField(default=0)
    number = models.PositiveIntegerField()
    start_s = models.FloatField()
    end_s = models.FloatField()
    text = models.TextField()
    original_text = models.TextField(blank=True)
    is_corrected = models.BooleanField(default=False)
    words: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list, blank=True)
    speaker_label = models.CharField(max_length=32, blank=True)
    language = models.CharField(max_length=16, blank=True)
    confidence = models.FloatField(null=True, blank=True)

    class Meta:
        ordering = ["run_number", "number"]
        indexes = [GinIndex(SearchVector("text", config=SEARCH_CONFIG), name="segment_said")]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "run_number", "number"], name="segment_number_once_per_version"
            ),
            models.CheckConstraint(
                condition=models.Q(start_s__gte=0) & models.Q(end_s__gte=models.F("start_s")),
                name="segment_times_in_order",
            ),
            models.CheckConstraint(
                condition=models.Q(version=Version.LIVE, run_number=0)
                | models.Q(version=Version.FINAL, run_number__gt=0),
                name="segment_version_fits_run_number",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.text[:60]}"


class Speaker(models.Model):
    """A voice of one version. `name` is what a person, or an introduction in the talk, called it."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="speakers")
    run_number = models.PositiveIntegerField(default=0)
    label = models.CharField(max_length=32)
    name = models.CharField(max_length=120, blank=True)
    talk_time_s = models.FloatField(default=0.0)
    talk_ratio = models.FloatField(null=True, blank=True)
    num_turns = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["run_number", "label"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "run_number", "label"], name="speaker_label_once_per_version"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.label
