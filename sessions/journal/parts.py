"""The parts of a recording in a folder: the rows of those that are sealed, the files of the rest."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from sessions.journal.base import PART_NAME, JournalMissing, Part, checked
from sessions.journal.tails import size_of
from sessions.models import JournalPart, RealTimeSession
from transcription.audio.formats import AudioFormat

FORMAT_FILE = "format.json"


def parts_of(session_id: str) -> list[Part]:
    """Those with a row, and of the rest the files that this process can see. A row without bytes says where
    an epoch begins; the file of what was appended since goes before it."""
    sealed = [
        Part(row.epoch, row.offset_bytes, row.size_bytes, row.stored_as, is_sealed=True)
        for row in JournalPart.objects.filter(session__session_id=session_id)
    ]
    filled = {(part.epoch, part.offset_bytes) for part in sealed if part.size_bytes}
    tails = [file for file in files_of(session_id) if (file.epoch, file.offset_bytes) not in filled]
    begun = {(tail.epoch, tail.offset_bytes) for tail in tails}
    return [*(part for part in sealed if (part.epoch, part.offset_bytes) not in begun), *tails]


def files_of(session_id: str) -> list[Part]:
    """Parts in the folder, as long as they are now."""
    folder = journal_folder(session_id)
    if not folder.exists():
        return []
    return [
        Part(int(match[1]), int(match[2]), size_of(path))
        for path in folder.iterdir()
        if (match := PART_NAME.fullmatch(path.name))
    ]


def journal_folder(session_id: str) -> Path:
    """Raises ValueError for what is not a session id."""
    folder: Path = settings.AMBIENT.media_root / "journal" / checked(session_id)
    return folder


def make_folder(session_id: str, audio_format: AudioFormat) -> Path:
    """Nobody but its owner reads it; one that is there stays as it is."""
    folder = journal_folder(session_id)
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(exist_ok=True, mode=0o700)
    path = folder / FORMAT_FILE
    if not path.exists():
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(fd, json.dumps(asdict(audio_format)).encode())
            os.fsync(fd)
        finally:
            os.close(fd)
    return folder


def format_of(session_id: str) -> AudioFormat:
    """As the folder says, or the session's row where all is in a storage. Raises JournalMissing."""
    try:
        return AudioFormat(**json.loads((journal_folder(session_id) / FORMAT_FILE).read_text()))
    except FileNotFoundError:
        row = RealTimeSession.objects.filter(session_id=session_id, journal_parts__isnull=False).first()
    if row is None:
        raise JournalMissing(f"no recording of session {session_id}")
    return AudioFormat(row.encoding, row.sample_rate_hz, row.channels)


def write_row(session_id: str, part: Part) -> None:
    """Once for each place, however often. A session that is gone needs none."""
    session = RealTimeSession.objects.only("id").filter(session_id=session_id).first()
    if session is None:
        return
    row = JournalPart(
        session=session,
        epoch=part.epoch,
        offset_bytes=part.offset_bytes,
        size_bytes=part.size_bytes,
        stored_as=part.stored_as,
        sealed_at=timezone.now(),
    )
    with transaction.atomic():
        JournalPart.objects.bulk_create(
            [row],
            update_conflicts=True,
            unique_fields=["session", "epoch", "offset_bytes"],
            update_fields=["size_bytes", "stored_as", "sealed_at"],
        )
