"""A conversation's own row: opened, closed, erased."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from conversations.models import Conversation


def open_live_conversation(
    *, owner_id: int, session_id: str, language: str, store_audio: bool
) -> Conversation:
    """The row that a live session writes its words to, there from the first moment."""
    return Conversation.objects.create(
        owner_id=owner_id,
        source=Conversation.Source.LIVE,
        session_id=session_id,
        language=language,
        store_audio=store_audio,
    )


@transaction.atomic
def close_live_conversation(*, conversation_id: UUID, duration_s: float, language: str) -> Conversation:
    """Note how long it was and in which language (empty: as it was opened). Its status is the pipeline's.

    Raises Conversation.DoesNotExist where it was erased meanwhile.
    """
    conversation = Conversation.objects.select_for_update().get(pk=conversation_id)
    conversation.duration_s = duration_s
    conversation.language = language or conversation.language
    conversation.save(update_fields=["duration_s", "language"])
    return conversation
