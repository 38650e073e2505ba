"""What is kept for so long and no longer: days after completion, for words and for recordings."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from conversations.errors import Conflict
from conversations.models import Conversation, Waveform
from conversations.services.conversations import erase_conversation

FOR_EVER = -1


def erase_expired(*, retention_days: int, audio_retention_days: int) -> tuple[int, int]:
    """Erase the conversations whose days are over, and the recordings of those whose audio's days are.

    0 days: as soon as the pipeline is done; -1: never. Returns how many conversations and recordings went.
    Idempotent; several at once do no harm.
    """
    conversations = 0
    for pk in _completed_before(retention_days).values_list("pk", flat=True):
        try:
            with transaction.atomic():
                erase_conversation(conversation_id=pk)
        except Conflict:  # taken up again meanwhile
            continue
        conversations += 1
    recordings = 0
    for pk in _completed_before(audio_retention_days).exclude(audio="").values_list("pk", flat=True):
        with transaction.atomic():
            row = Conversation.objects.select_for_update().filter(pk=pk).exclude(audio="").first()
            if row is not None:
                row.audio.delete(save=False)
                row.save(update_fields=["audio"])
                Waveform.objects.filter(conversation=row).delete()
                recordings += 1
    return conversations, recordings


def _completed_before(days: int) -> QuerySet[Conversation]:
    if days == FOR_EVER:
        return Conversation.objects.none()
    return Conversation.objects.filter(completed_at__lte=timezone.now() - timedelta(days=days))
