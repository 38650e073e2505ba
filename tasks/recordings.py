"""The recording of a conversation: the file that was uploaded, or what a live session's journal holds.

A live recording is put together once, stored as FLAC where its audio may be kept, and otherwise read from the
journal until the run is done and the journal goes.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from uuid import uuid4

import numpy as np
import structlog
from django.core.files import File
from django.db import DatabaseError, transaction

from conversations.models import Conversation
from conversations.services.unclaimed import claim, discard_unclaimed, store_unclaimed
from conversations.services.waveforms import keep_waveform
from sessions import journal
from sessions.selectors import cleared_spans, is_multichannel
from transcription.audio.files import decode_file, encode_flac
from transcription.engines.base import SAMPLE_RATE_HZ, Samples

log = structlog.get_logger(__name__)


class NoRecordingError(Exception):
    """The conversation has no audio; the message says why."""


def ensure_recording(conversation: Conversation) -> Samples:
    """The whole recording, float32 16 kHz mono, shape (n,); a live one is stored on the way where it may be,
    with silence where its client took audio back.

    Raises NoRecordingError, and what `decode_file` raises for a file that cannot be decoded.
    """
    samples = _ensure(conversation)
    return samples if samples.ndim == 1 else samples.mean(axis=1, dtype=np.float32)


def ensure_channels(conversation: Conversation) -> list[Samples]:
    """The same, each channel by itself where each is a speaker; else the one recording."""
    samples = _ensure(conversation)
    return [samples] if samples.ndim == 1 else [np.ascontiguousarray(one) for one in samples.T]


def _ensure(conversation: Conversation) -> Samples:
    """Mono (n,), or (n, 2) where each channel is a speaker."""
    live = conversation.source == Conversation.Source.LIVE
    separate = live and is_multichannel(conversation.session_id)
    conversation.refresh_from_db(fields=["audio"])
    if conversation.audio:
        with conversation.audio.open("rb") as file:
            samples = decode_file(file, channels=2 if separate else 1)
        keep_waveform(conversation_id=conversation.pk, blocks=[samples])
        return samples
    if not live:
        raise NoRecordingError(f"this {conversation.get_source_display()} has no recording")
    try:
        samples = journal.recording_samples(conversation.session_id, separate=separate)
    except journal.JournalMissing as error:
        raise NoRecordingError("no audio was received, or it has been erased") from error
    if not len(samples):
        raise NoRecordingError("no audio was received, or it has been erased")
    for start_s, end_s in cleared_spans(conversation.session_id):
        samples[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)] = 0.0
    if conversation.store_audio:
        _store(conversation, samples)
        keep_waveform(conversation_id=conversation.pk, blocks=[samples])
    return samples


def settle_recording(conversation: Conversation, *, may_go: Callable[[], bool] = lambda: True) -> None:
    """After everything asked of a live session is done: its audio is a stored file, or erased (contract: a
    session's life), and its journal is gone. Again: no effect. What cannot be stored is logged and stays in
    the journal: no run hangs on it.

    `may_go` is asked under the conversation's lock, so that nothing starts on a journal that is about to go.
    """
    if conversation.source != Conversation.Source.LIVE:
        return
    if conversation.store_audio:
        try:
            _ensure_stored(conversation)
        except NoRecordingError:
            log.info("nothing_recorded", conversation_id=str(conversation.pk))
        except DatabaseError:
            raise  # passes; the sweep comes back to the run
        except Exception:
            log.exception("recording_not_stored", conversation_id=str(conversation.pk))
            return
    with transaction.atomic():
        Conversation.objects.select_for_update().filter(pk=conversation.pk).first()
        if may_go():
            journal.erase(conversation.session_id)


def _ensure_stored(conversation: Conversation) -> None:
    conversation.refresh_from_db(fields=["audio"])
    if not conversation.audio:
        ensure_recording(conversation)


def _store(conversation: Conversation, samples: Samples) -> None:
    flac = BytesIO()  # in no file: what is stored may have to be sealed first
    encode_flac(samples, flac)
    field = Conversation._meta.get_field("audio")
    name = store_unclaimed(
        name=field.generate_filename(conversation, f"{conversation.pk}-{uuid4().hex[:8]}.flac"),
        content=File(flac),
    )
    try:
        with transaction.atomic():
            row = Conversation.objects.select_for_update().get(pk=conversation.pk)
            if not row.audio:
                claim(name=name)
                row.audio = name
                row.save(update_fields=["audio"])
    finally:
        discard_unclaimed(name=name)
    conversation.audio = row.audio
