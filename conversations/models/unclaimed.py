"""Files that are written but belong to nothing yet, so that a crash leaves none behind."""

from __future__ import annotations

from django.db import models


class UnclaimedFile(models.Model):
    """A file on its way into a conversation. The row is committed before the file's first byte and goes in
    the transaction that says whose the file is: a file whose row stays was left by a process that died."""

    name = models.CharField(max_length=300, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return self.name
