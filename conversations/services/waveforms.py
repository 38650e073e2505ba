"""Drawing the outline of a recording, once: by whoever has its samples at hand, else by a worker."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.core.cache import cache
from django.db import IntegrityError, transaction

from conversations import dispatch
from conversations.models import Conversation, Waveform
from transcription.audio.files import decode_blocks
from transcription.audio.peaks import peaks
from transcription.engines.base import Samples

ASK_AGAIN_S = 60
"""A worker that has not drawn by then is asked again."""


def keep_waveform(*, conversation_id: UUID, blocks: Iterable[Samples]) -> None:
    """Of a recording that is stored. One that is there stays, and an erased conversation gets none."""
    if Waveform.objects.filter(conversation_id=conversation_id).exists():
        return
    outline = peaks(blocks)
    try:
        with transaction.atomic():  # under the lock that erasing takes
            if Conversation.objects.select_for_update().filter(pk=conversation_id).exclude(audio="").exists():
                Waveform.objects.get_or_create(conversation_id=conversation_id, defaults={"peaks": outline})
    except IntegrityError:  # erased meanwhile
        return


def draw_waveform(*, conversation_id: UUID) -> None:
    """From the stored recording, a block at a time. Raises AudioUndecodable, UnsupportedAudio."""
    conversation = Conversation.objects.filter(pk=conversation_id).exclude(audio="").first()
    if conversation is not None:
        with conversation.audio.open("rb") as file:
            keep_waveform(conversation_id=conversation.pk, blocks=decode_blocks(file))


def waveform_of(conversation: Conversation) -> bytes | None:
    """None where it is not drawn yet; then a worker has been asked to."""
    found = Waveform.objects.filter(conversation=conversation).first()
    if found is not None:
        return bytes(found.peaks)
    if cache.add(f"ambient:waveform-asked:{conversation.pk}", 1, ASK_AGAIN_S):
        dispatch.draw_waveform(str(conversation.pk))
    return None
