"""Journals by their session: opened, read, erased."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import numpy as np

from sessions.journal.base import Journal
from sessions.journal.disk import (
    FORMAT_FILE,
    DiskJournal,
    folder_format,
    folder_size_bytes,
    journal_folder,
    part_files,
)
from transcription.audio.formats import AudioFormat
from transcription.audio.stream import StreamConverter
from transcription.engines.base import Samples

READ_BYTES = 1024 * 1024


def open_journal(session_id: str, audio_format: AudioFormat, *, epoch: int) -> Journal:
    """The journal of a session, begun or gone on with: what another process accepted before is in its
    `size_bytes`, and what that process still writes is fenced off by the epoch, which must be newer than all
    before. Raises OSError where there is no room, ValueError for what is not a session id."""
    return DiskJournal(session_id, audio_format, epoch=epoch)


def recording_format(session_id: str) -> AudioFormat:
    """Raises JournalMissing."""
    return folder_format(session_id)


def read_recording(session_id: str, from_byte: int = 0) -> Iterator[bytes]:
    """Every accepted byte from that place on, once and in order. Raises JournalMissing."""
    recording_format(session_id)
    parts = part_files(journal_folder(session_id))
    for index, part in enumerate(parts):
        end = min(
            (later.offset_bytes for later in parts[index + 1 :]), default=part.offset_bytes + part.size_bytes
        )
        start = max(part.offset_bytes, from_byte)
        if start >= end:
            continue
        with part.path.open("rb") as file:
            file.seek(start - part.offset_bytes)
            left = end - start
            while left > 0 and (data := file.read(min(READ_BYTES, left))):
                left -= len(data)
                yield data


def recording_chunks(session_id: str) -> Iterator[Samples]:
    """The recording as float32 mono samples at 16 kHz, piece by piece. Raises JournalMissing."""
    converter = StreamConverter(recording_format(session_id))
    for data in read_recording(session_id):
        yield converter.push(data)
    yield converter.flush()


def recording_samples(session_id: str) -> Samples:
    """The whole recording, float32 mono at 16 kHz, shape (n,); empty where there is none."""
    if not has_recording(session_id):
        return np.zeros(0, np.float32)
    return np.concatenate([np.zeros(0, np.float32), *recording_chunks(session_id)])


def recorded_bytes(session_id: str) -> int:
    """How many bytes were accepted; 0 where there is no recording."""
    return folder_size_bytes(journal_folder(session_id)) if has_recording(session_id) else 0


def has_recording(session_id: str) -> bool:
    return (journal_folder(session_id) / FORMAT_FILE).exists()


def erase(session_id: str) -> None:
    """Remove the recording; nothing happens where there is none."""
    shutil.rmtree(journal_folder(session_id), ignore_errors=True)
