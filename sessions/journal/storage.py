"""Where sealed parts lie: in the folder that they were written to, or in Django's storage."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import DatabaseError

from conversations.sealing.storage import RECORDINGS
from sessions.journal.base import JournalMissing, Part, Span
from sessions.journal.parts import (
    FORMAT_FILE,
    format_of,
    journal_folder,
    parts_of,
    write_row,
)
from sessions.journal.tails import opened, path_of
from sessions.models import JournalPart
from transcription.audio.formats import AudioFormat

logger = logging.getLogger(__name__)

READ_BYTES = 1024 * 1024


class StorageAway(OSError):
    """The storage or the database did not take a sealed part. Its file is kept, and offered again."""


def is_remote() -> bool:
    """Whether STORAGES names something else than the file system: then sealed parts go there."""
    return not isinstance(default_storage, FileSystemStorage)


def seal(session_id: str, part: Part) -> Part:
    """Give a part that nobody appends to its row and, where that is elsewhere, its place.

    Raises StorageAway where the place is elsewhere and cannot be reached. In a folder the part is safe
    without its row, which is written when somebody seals again.
    """
    if not is_remote():
        try:
            write_row(session_id, part)
        except DatabaseError as error:
            logger.warning("session %s: a sealed part has no row yet: %s", session_id, type(error).__name__)
        return part
    path = path_of(journal_folder(session_id), part)
    try:
        stored = _store(session_id, part, path) if part.size_bytes else part
        write_row(session_id, stored)
    except Exception as error:  # what a storage raises is its library's own
        raise StorageAway(f"{type(error).__name__}: {error}") from error
    path.unlink(missing_ok=True)
    return stored


class FileShelf:
    """What is in the folder and the storage of journals, and their rows."""

    def has(self, session_id: str) -> bool:
        in_folder = (journal_folder(session_id) / FORMAT_FILE).exists()
        return in_folder or JournalPart.objects.filter(session__session_id=session_id).exists()

    def format_of(self, session_id: str) -> AudioFormat:
        return format_of(session_id)

    def parts_of(self, session_id: str) -> list[Part]:
        return parts_of(session_id)

    def read(self, session_id: str, span: Span) -> Iterator[bytes]:
        left = span.end - span.start
        try:
            with _opened(session_id, span.part) as file:
                file.seek(span.start - span.part.offset_bytes)
                while left > 0 and (data := file.read(min(READ_BYTES, left))):
                    left -= len(data)
                    yield data
        except FileNotFoundError:
            pass
        if left:
            raise JournalMissing(f"the recording of session {session_id} has lost a part")

    def erase(self, session_id: str) -> None:
        _erase_stored(session_id)
        shutil.rmtree(journal_folder(session_id), ignore_errors=True)
        JournalPart.objects.filter(session__session_id=session_id).delete()


def _erase_stored(session_id: str) -> None:
    """Remove what is in the storage: what rows name, and what a process that died left without one. Nothing
    is opened for it: what cannot be read any more can go."""
    if not is_remote():
        return
    stored = JournalPart.objects.filter(session__session_id=session_id).exclude(stored_as="")
    for name in stored.values_list("stored_as", flat=True):
        default_storage.delete(name)
    with suppress(FileNotFoundError, NotImplementedError):
        for name in default_storage.listdir(f"journal/{session_id}")[1]:
            default_storage.delete(f"journal/{session_id}/{name}")


def _opened(session_id: str, part: Part) -> IO[Any]:
    if part.stored_as:
        return RECORDINGS.open(part.stored_as)
    return opened(path_of(journal_folder(session_id), part))


def _store(session_id: str, part: Part, path: Path) -> Part:
    with opened(path) as file:
        data = file.read(part.size_bytes)
    name = RECORDINGS.save(f"journal/{session_id}/{part.name}", ContentFile(data))
    return Part(part.epoch, part.offset_bytes, len(data), stored_as=name)
