"""A sealed part of a session's journal: bytes that nobody appends to any more."""

from __future__ import annotations

from django.db import models

from sessions.models.session import RealTimeSession


class JournalPart(models.Model):
    """`offset_bytes`: the place of its first byte in the recording. It counts only up to where a part of a
    later epoch begins. `stored_as`: its name in the storage; empty: it is a file of the shared folder."""

    session = models.ForeignKey(RealTimeSession, on_delete=models.CASCADE, related_name="journal_parts")
    epoch = models.PositiveIntegerField()
    offset_bytes = models.PositiveBigIntegerField()
    size_bytes = models.PositiveBigIntegerField()
    stored_as = models.CharField(max_length=200, blank=True)
    sealed_at = models.DateTimeField()

    class Meta:
        verbose_name = "journal part"
        ordering = ["session", "epoch", "offset_bytes"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "epoch", "offset_bytes"], name="journal_part_once_per_place"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.size_bytes} bytes from {self.offset_bytes} on, epoch {self.epoch}"
