"""Answers already given to POSTs that start work, so that a client may send one again without harm."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models


class IdempotentRequest(models.Model):
    """One `Idempotency-Key` of one owner. `fingerprint` is a digest of what was asked, since the same key
    with another request is a mistake of the client. The row, the work and the answer are one transaction, so
    a second request waits for the first, and a first that failed leaves nothing behind."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=128)
    fingerprint = models.CharField(max_length=64)
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    response_body: models.JSONField[Any] = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "key"], name="idempotency_key_once_per_owner"),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_oldest")]

    def __str__(self) -> str:
        return self.key
