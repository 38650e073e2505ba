"""A recording that somebody sends: looked at before anything is kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any
from uuid import uuid4

from django.core.files import File
from django.db import transaction

from conversations.errors import PayloadTooLarge, UnsupportedMedia
from conversations.models import Conversation
from conversations.services.runs import start_run
from transcription.audio.files import AudioInfo, probe
from transcription.errors import AudioUndecodable, UnsupportedAudio

MAX_UPLOAD_BYTES = 100 * 1024 * 1024
"""Contract: audio processing."""
MAX_DURATION_S = 12 * 3600
"""Contract: audio processing. However small a file is, this is how long it may be when decoded."""
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


def create_upload(
    *, owner_id: int, file: File[bytes], title: str, language: str, parameters: Mapping[str, Any]
) -> Conversation:
    """A conversation from a recording, and a run over it.

    Raises UnsupportedMedia for what is no audio, PayloadTooLarge for what is too big or too long; then
    nothing is kept.
    """
    info = check_recording(file)
    conversation = Conversation(
        id=uuid4(),
        owner_id=owner_id,
        source=Conversation.Source.UPLOAD,
        title=title or PurePath(file.name or "").name[:200],
        language=language,
        duration_s=info.duration_s or 0.0,
    )
    file.seek(0)
    conversation.audio.save(f"{conversation.pk}{_suffix(info)}", file, save=False)
    try:
        with transaction.atomic():
            conversation.save(force_insert=True)
            start_run(conversation_id=conversation.pk, parameters=parameters)
    except BaseException:
        conversation.audio.delete(save=False)
        raise
    return conversation


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
