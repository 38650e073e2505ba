"""A conversation's own row: opened, closed, erased."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction

from conversations.errors import Conflict
from conversations.models import Conversation, Segment, Speaker
from conversations.services.runs import cancel_run, start_run
from conversations.services.stage_runs import RUN_UNFINISHED
from conversations.services.words import LIVE_RUN_NUMBER, segment_row, write_speakers
from conversations.texts import split_text

Eraser = Callable[[Conversation], None]
_erasers: list[Eraser] = []


def register_eraser(eraser: Eraser) -> None:
    """For rooms above: have `eraser` called, in the erasing transaction, before a conversation's rows go, to
    take what it keeps of it outside the database (the journal of a live session). Called once, at start."""
    if eraser not in _erasers:
        _erasers.append(eraser)


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


@transaction.atomic
def create_text_conversation(
    *, owner_id: int, text: str, title: str, language: str, parameters: dict[str, Any]
) -> Conversation:
    """A text as a conversation whose live version is its lines, and a run over it.

    Raises ValueError where nothing is left of the text without its white space.
    """
    split = split_text(text)
    if not split.segments:
        raise ValueError("the text has no words")
    conversation = Conversation.objects.create(
        owner_id=owner_id,
        source=Conversation.Source.TEXT,
        title=title,
        language=language,
        store_audio=False,
    )
    Segment.objects.bulk_create(segment_row(s, conversation.pk, LIVE_RUN_NUMBER) for s in split.segments)
    write_speakers(conversation_id=conversation.pk, run_number=LIVE_RUN_NUMBER, speakers=split.speakers)
    start_run(conversation_id=conversation.pk, parameters=parameters)
    return conversation


@transaction.atomic
def correct_segment(*, conversation: Conversation, run_number: int, number: int, text: str) -> Segment:
    """Put a person's reading in place of what was heard, which is kept beside it.

    Raises Segment.DoesNotExist.
    """
    segment = Segment.objects.select_for_update().get(
        conversation=conversation, run_number=run_number, number=number
    )
    if text == segment.text:
        return segment
    if not segment.is_corrected:
        segment.original_text, segment.is_corrected = segment.text, True
    segment.text = text
    if text == segment.original_text:
        segment.original_text, segment.is_corrected = "", False
    segment.save(update_fields=["text", "original_text", "is_corrected"])
    return segment


def rename_speaker(*, conversation: Conversation, run_number: int, label: str, name: str) -> Speaker:
    """What to call a voice of one version; an empty name takes it back. Raises Speaker.DoesNotExist."""
    speaker = Speaker.objects.get(conversation=conversation, run_number=run_number, label=label)
    speaker.name = name
    speaker.save(update_fields=["name"])
    return speaker


@transaction.atomic
def erase_conversation(*, conversation_id: UUID) -> None:
    """Take audio, words and results from storage and database. Asked again, there is nothing left to do.

    Files go first: should one not go, the rows stay to say so, and erasing can be asked for again. Raises
    Conflict for a live conversation whose session has not ended.
    """
    conversation = Conversation.objects.select_for_update().filter(pk=conversation_id).first()
    if conversation is None:
        return
    if is_being_spoken(conversation):
        raise Conflict("The live session of this conversation has not ended; end it first.")
    for run in conversation.runs.filter(status__in=RUN_UNFINISHED):
        cancel_run(run_id=run.pk)
    for eraser in _erasers:
        eraser(conversation)
    if conversation.audio:
        conversation.audio.delete(save=False)
    conversation.delete()


def is_being_spoken(conversation: Conversation) -> bool:
    """Every session that ends, ends in a run; before that its words are still coming."""
    return conversation.source == Conversation.Source.LIVE and not conversation.runs.exists()
