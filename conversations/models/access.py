"""Who may do what from outside: API keys, kept hashed, scoped and owned."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class ApiKey(models.Model):
    """A key reads `prefix.secret`; only the prefix and a digest of the secret are kept.

    The secret has 256 random bits, so a single SHA-256 is enough (slow hashes guard guessable secrets).
    """

    class Scope(models.TextChoices):
        LIVE = "live", "speak into a live session"
        READ = "read", "read sessions and conversations"
        WRITE = "write", "upload, correct, run again, erase"
        ADMIN = "admin", "operate the installation"

    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    scopes = ArrayField(models.CharField(max_length=8, choices=Scope.choices), default=list)
    max_sessions = models.PositiveIntegerField(
        null=True, blank=True, help_text="Concurrent live sessions; empty: no own limit"
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API key"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
