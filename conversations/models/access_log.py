"""Who read, took out or erased what: kept for so long and no longer, and longer than what it tells of."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from conversations.models.access import ApiKey


class AccessRecord(models.Model):
    """Ids without constraints: a conversation, a key or a person that is gone is still named."""

    class What(models.TextChoices):
        TRANSCRIPT = "transcript", "read the words"
        FINDINGS = "findings", "read what was found"
        AUDIO = "audio", "heard the recording"
        EXPORT = "export", "took the words out"
        ERASURE = "erasure", "erased it"

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    what = models.CharField(max_length=10, choices=What.choices)
    conversation_id = models.UUIDField(db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        related_name="+",
    )
    key = models.ForeignKey(
        ApiKey, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    address = models.GenericIPAddressField(null=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.what} of {self.conversation_id}"
