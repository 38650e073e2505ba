"""What the pipeline found, where it is queried by itself; the rest is the output of its stage."""

from __future__ import annotations

from typing import Any

from django.db import models

from conversations.models.conversation import Conversation


class Entity(models.Model):
    """A mention in the text of a segment; `start`, `end` are code points there."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="entities")
    run_number = models.PositiveIntegerField()
    segment_number = models.PositiveIntegerField()
    text = models.CharField(max_length=500)
    label = models.CharField(max_length=40)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    confidence = models.FloatField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "entities"
        ordering = ["run_number", "segment_number", "start"]
        indexes = [models.Index(fields=["conversation", "run_number", "label"], name="entity_by_label")]
        constraints = [
            models.CheckConstraint(condition=models.Q(end__gt=models.F("start")), name="entity_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.label}: {self.text}"


class Answer(models.Model):
    """An answer to a question of a set, or to one asked ad hoc (`is_ad_hoc`)."""

    class Status(models.TextChoices):
        ANSWERED = "answered", "answered"
        NOT_FOUND = "not_found", "not found"

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="answers")
    run_number = models.PositiveIntegerField()
    question_key = models.CharField(max_length=64)
    question = models.CharField(max_length=500)
    is_ad_hoc = models.BooleanField(default=False)
    answer = models.TextField(blank=True)
    status = models.CharField(max_length=10, choices=Status.choices)
    confidence = models.FloatField(null=True, blank=True)
    evidence: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list, blank=True)
    engine = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["run_number", "id"]
        indexes = [models.Index(fields=["conversation", "run_number"], name="answer_by_run")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status="not_found") | ~models.Q(evidence=[]), name="answer_has_evidence"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question}: {self.answer or '–'}"
