"""The pipeline as rows: a run of a conversation and its stages. The rows drive, Celery carries."""

from __future__ import annotations

from typing import Any, Self

from django.db import models

from conversations.models.conversation import Conversation


class Stage(models.TextChoices):
    """Stage ids as in the contract; the label is the step name on `/audio/*`."""

    TRANSCRIPTION = "transcription", "transcription"
    DIARIZATION = "diarization", "diarization"
    TRANSLATION = "translation", "translation"
    CLEANUP = "cleanup", "cleanup"
    EMOTION = "emotion", "emotion"
    ENTITIES = "entities", "entity_extraction"
    CLASSIFICATION = "classification", "classification"
    QA = "qa", "qa"
    QUALITY = "quality", "qa_evaluation"
    SUMMARY = "summary", "summarization"
    INSIGHTS = "insights", "insights"


class WorkStatus(models.TextChoices):
    """States of a run."""

    PENDING = "pending", "pending"
    PROCESSING = "processing", "processing"
    COMPLETED = "completed", "completed"
    PARTIAL = "partial", "partial"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


class PipelineRuns(models.QuerySet["PipelineRun"]):
    """Runs, by what they are for."""

    def without_ad_hoc(self) -> Self:
        """Those that went over the conversation, not those that answer a question somebody asked."""
        return self.exclude(parameters__contains={"ad_hoc": True})


class PipelineRun(models.Model):
    """One pass over a conversation; `number` counts from 1. `parameters`: what was asked for."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="runs")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=12, choices=WorkStatus.choices, default=WorkStatus.PENDING)
    parameters: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = PipelineRuns.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "number"], name="run_number_once_per_conversation"
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.number} of {self.conversation_id}"

    @property
    def is_ad_hoc(self) -> bool:
        """It answers a question that somebody asked, and nothing else."""
        return bool(self.parameters.get("ad_hoc"))


class StageRun(models.Model):
    """One stage of one run. `attempts` is counted before a start; `lease_until` says how long a start is
    believed; past it the sweep sends the stage again."""

    class Status(models.TextChoices):
        PENDING = "pending", "pending"
        RUNNING = "running", "running"
        SUCCEEDED = "succeeded", "succeeded"
        SKIPPED = "skipped", "skipped"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    TERMINAL = (Status.SUCCEEDED, Status.SKIPPED, Status.FAILED, Status.CANCELLED)

    run = models.ForeignKey(PipelineRun, on_delete=models.CASCADE, related_name="stages")
    name = models.CharField(max_length=16, choices=Stage.choices)
    position = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PENDING)
    progress = models.FloatField(default=0.0)
    engine = models.CharField(max_length=80, blank=True)
    model = models.CharField(max_length=200, blank=True)
    engine_version = models.CharField(max_length=80, blank=True)
    usage: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    """What an engine that asks an endpoint used, all attempts together; None where nothing was counted."""
    attempts = models.PositiveSmallIntegerField(default=0)
    task_id = models.CharField(max_length=64, blank=True)
    queued_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    output: models.JSONField[Any] = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True)
    skip_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["run", "position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "name"], name="stage_once_per_run"),
            models.CheckConstraint(
                condition=models.Q(progress__gte=0) & models.Q(progress__lte=1), name="stage_progress_0_to_1"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "lease_until"], name="stage_lease"),
            models.Index(
                fields=["-finished_at"], name="stage_failed_newest", condition=models.Q(status="failed")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.status})"

    @property
    def duration_ms(self) -> int | None:
        if self.started_at is None or self.finished_at is None:
            return None
        return round((self.finished_at - self.started_at).total_seconds() * 1000)
