"""The recording of a session as it was received: on disk before anything else happens to it.

A folder per session under `journal/`: `format.json` says how the bytes are to be read; they lie in files
`part-EPOCH-OFFSET.raw`, one for each socket that the session had, named by its first byte's place.
Where parts overlap, the later epoch is right: it started where the server told it to.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from django.conf import settings

from transcription.audio.formats import AudioFormat
from transcription.audio.stream import StreamConverter
from transcription.engines.base import Samples

FORMAT_FILE = "format.json"
PART_NAME = re.compile(r"part-(\d{6})-(\d{15})\.raw")
SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
READ_BYTES = 1024 * 1024


class JournalMissing(LookupError):
    """There is no recording of that session: never begun, or erased."""


class DiskJournal:
    """The open end of a recording. One writer a session: whoever holds it.

    `append` writes through to the operating system, so that the death of the process loses nothing; `sync`
    makes it survive the loss of power too and is called off the event loop. Both raise OSError where there
    is no room; then what `size_bytes` says is what is there.
    """

    def __init__(self, session_id: str, audio_format: AudioFormat, *, epoch: int) -> None:
        self._folder = journal_folder(session_id)
        _make_private(self._folder)
        _write_format(self._folder / FORMAT_FILE, audio_format)
        self._parts = _parts(self._folder)
        self.size_bytes = _size(self._parts)
        self.synced_bytes = self.size_bytes
        self._fd = -1
        self._part_bytes = 0
        self._fd_lock = threading.Lock()
        self.open_part(epoch)

    def open_part(self, epoch: int) -> None:
        """Go on in a new part. Raises OSError; then the journal is as it was."""
        path = self._folder / f"part-{epoch:06d}-{self.size_bytes:015d}.raw"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self.sync()
        self.close()
        self._fd, self._part_bytes = fd, 0
        _sync_folder(self._folder)

    def append(self, data: bytes) -> None:
        """All of it or nothing."""
        written = 0
        try:
            while written < len(data):
                written += os.write(self._fd, memoryview(data)[written:])
        except OSError:
            if written:
                os.ftruncate(self._fd, self._part_bytes)
                os.lseek(self._fd, self._part_bytes, os.SEEK_SET)
            raise
        self._part_bytes += len(data)
        self.size_bytes += len(data)

    def sync(self) -> int:
        """Flush to the disk (fdatasync); returns how many bytes of the session are safe now."""
        with self._fd_lock:  # a part that is closed meanwhile was synced first
            size_bytes = self.size_bytes
            if self._fd >= 0 and self.synced_bytes < size_bytes:
                os.fdatasync(self._fd)
                self.synced_bytes = size_bytes
            return self.synced_bytes

    def close(self) -> None:
        """Let go of the file; `open_part` goes on. What was not synced stays with the operating system."""
        with self._fd_lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1


def journal_folder(session_id: str) -> Path:
    """Raises ValueError for what is not a session id: it becomes the name of a folder."""
    if not SESSION_ID.fullmatch(session_id):
        raise ValueError("not a session id")
    folder: Path = settings.AMBIENT.media_root / "journal" / session_id
    return folder


def recording_format(session_id: str) -> AudioFormat:
    """Raises JournalMissing."""
    try:
        return AudioFormat(**json.loads((journal_folder(session_id) / FORMAT_FILE).read_text()))
    except FileNotFoundError:
        raise JournalMissing(f"no recording of session {session_id}") from None


def read_recording(session_id: str) -> Iterator[bytes]:
    """Every accepted byte once, in order, as it was sent. Raises JournalMissing."""
    recording_format(session_id)
    parts = _parts(journal_folder(session_id))
    for index, (offset, path) in enumerate(parts):
        later = [other for other, _ in parts[index + 1 :]]
        left = min(later, default=offset + path.stat().st_size) - offset
        with path.open("rb") as part:
            while left > 0 and (data := part.read(min(READ_BYTES, left))):
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
    """How many bytes were accepted, as they were sent; 0 where there is no recording."""
    return _size(_parts(journal_folder(session_id))) if has_recording(session_id) else 0


def has_recording(session_id: str) -> bool:
    return (journal_folder(session_id) / FORMAT_FILE).exists()


def erase(session_id: str) -> None:
    """Remove the recording; nothing happens where there is none."""
    shutil.rmtree(journal_folder(session_id), ignore_errors=True)


def _parts(folder: Path) -> list[tuple[int, Path]]:
    """(first byte, path) of each part, by epoch."""
    found = [
        (int(match[1]), int(match[2]), path)
        for path in folder.iterdir()
        if (match := PART_NAME.fullmatch(path.name))
    ]
    return [(offset, path) for _, offset, path in sorted(found)]


def _size(parts: list[tuple[int, Path]]) -> int:
    return parts[-1][0] + parts[-1][1].stat().st_size if parts else 0


def _make_private(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(exist_ok=True, mode=0o700)


def _write_format(path: Path, audio_format: AudioFormat) -> None:
    if path.exists():
        return
    data = json.dumps(asdict(audio_format)).encode()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
