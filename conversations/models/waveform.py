"""The outline of a recording, kept beside it so that a page need not read the recording to draw it."""

from __future__ import annotations

from django.db import models

from conversations.models.conversation import Conversation


class Waveform(models.Model):
    """`peaks`: a byte for each column of equal length, 255 at full scale (`transcription.audio.peaks`)."""

    conversation = models.OneToOneField(
        Conversation, on_delete=models.CASCADE, primary_key=True, related_name="waveform"
    )
    peaks = models.BinaryField()

    def __str__(self) -> str:
        return f"waveform of {self.conversation_id}"
