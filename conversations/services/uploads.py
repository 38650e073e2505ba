"""A recording that somebody sends: looked at before anything is kept of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from uuid import UUID, uuid4

from django.core.files import File
from django.db import DatabaseError, transaction

from conversations.errors import PayloadTooLarge, UnsupportedMedia
from conversations.models import Conversation, PipelineRun
from conversations.services.runs import start_run
from conversations.services.unclaimed import claim, discard_unclaimed, store_unclaimed
from transcription.audio.files import AudioInfo, probe
from transcription.errors import AudioUndecodable, UnsupportedAudio

MAX_UPLOAD_BYTES = 100 * 1024 * 1024
"""Contract: audio processing."""
MAX_DURATION_S = 12 * 3600
"""Contract: audio processing. However small a file is, this is how long it may be when decoded."""
MAX_TITLE_CHARS = 200
"""The width of the column."""
SUFFIXES = {
    "wav": ".wav",
    "mp3": ".mp3",
    "flac": ".flac",
    "ogg": ".ogg",
    "matroska": ".webm",
    "webm": ".webm",
    "mov": ".m4a",
    "mp4": ".m4a",
    "m4a": ".m4a",
}
"""By the container that the bytes say; the name that a client gives decides nothing."""


@dataclass(frozen=True, slots=True)
class ReceivedRecording:
    """A recording in the storage that no conversation has yet. `conversation_id`: the one it is for."""

    conversation_id: UUID
    stored_name: str
    file_name: str
    duration_s: float


@contextmanager
def received(file: File[bytes]) -> Iterator[ReceivedRecording]:
    """Keep a recording for the length of the block, and longer only where `create_upload` took it up.

    Raises UnsupportedMedia for what is no audio, PayloadTooLarge for what is too big or too long; then
    nothing is kept.
    """
    info = check_recording(file)
    conversation_id = uuid4()
    field = Conversation._meta.get_field("audio")
    name = field.generate_filename(Conversation(pk=conversation_id), f"{conversation_id}{_suffix(info)}")
    file.seek(0)
    try:
        name = store_unclaimed(name=name, content=file)
        yield ReceivedRecording(conversation_id, name, PurePath(file.name or "").name, info.duration_s or 0.0)
    finally:
        with suppress(DatabaseError):  # then the sweep does it
            discard_unclaimed(name=name)


@transaction.atomic
def create_upload(
    *,
    owner_id: int,
    recording: ReceivedRecording,
    title: str,
    language: str,
    parameters: Mapping[str, Any],
) -> PipelineRun:
    """A conversation from a recording, and a run over it."""
    claim(name=recording.stored_name)
    conversation = Conversation.objects.create(
        id=recording.conversation_id,
        owner_id=owner_id,
        source=Conversation.Source.UPLOAD,
        title=title or recording.file_name[:MAX_TITLE_CHARS],
        language=language,
        duration_s=recording.duration_s,
        audio=recording.stored_name,
    )
    return start_run(conversation_id=conversation.pk, parameters=parameters)


def check_recording(file: File[bytes]) -> AudioInfo:
    """What a file is, by its bytes. Raises PayloadTooLarge, UnsupportedMedia."""
    if file.size > MAX_UPLOAD_BYTES:
        raise too_large()
    file.seek(0)
    try:
        info = probe(file)
    except (AudioUndecodable, UnsupportedAudio) as error:
        raise UnsupportedMedia(f"This is not a recording that can be read here: {error}") from error
    if info.duration_s is not None and info.duration_s > MAX_DURATION_S:
        hours = f"{info.duration_s / 3600:.1f} h"
        raise PayloadTooLarge(f"This recording lasts {hours}; at most {MAX_DURATION_S // 3600} h are taken.")
    return info


def too_large() -> PayloadTooLarge:
    return PayloadTooLarge(f"A file has at most {MAX_UPLOAD_BYTES // 1024 // 1024} MiB.")


def _suffix(info: AudioInfo) -> str:
    names = (name.strip() for name in info.container.lower().split(","))
    return next((SUFFIXES[name] for name in names if name in SUFFIXES), ".audio")
