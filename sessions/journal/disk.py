"""A journal in a folder that every process shares.

A folder per session under `journal/`: `format.json` says how the bytes are to be read; they lie in files
`part-EPOCH-OFFSET.raw`, one for each socket that the session had, named by its first byte's place.
"""

from __future__ import annotations

import json
import os
import re
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from sessions.journal.base import JournalMissing, checked
from sessions.meter import Meter
from transcription.audio.formats import AudioFormat

FORMAT_FILE = "format.json"
PART_NAME = re.compile(r"part-(\d{6})-(\d{15})\.raw")


@dataclass(frozen=True, slots=True, order=True)
class PartFile:
    """`offset_bytes`: the place of its first byte in the recording."""

    epoch: int
    offset_bytes: int
    path: Path

    @property
    def end_bytes(self) -> int:
        return self.offset_bytes + self.path.stat().st_size


class DiskJournal:
    """`append` writes through to the operating system, so that the death of the process loses nothing; `sync`
    makes it survive the loss of power too."""

    def __init__(self, folder: Path, meter: Meter, *, epoch: int) -> None:
        self.meter = meter
        self._folder = folder
        self.size_bytes = self.synced_bytes = meter.total.stored_bytes
        self._fd = -1
        self._part_bytes = 0
        self._fd_lock = threading.Lock()
        self.open_part(epoch)

    def open_part(self, epoch: int) -> None:
        path = self._folder / f"part-{epoch:06d}-{self.size_bytes:015d}.raw"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self.sync()
        self.close()
        self._fd, self._part_bytes = fd, 0
        _sync_folder(self._folder)

    def append(self, data: bytes) -> None:
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
        with self._fd_lock:  # a part that is closed meanwhile was synced first
            size_bytes = self.size_bytes
            if self._fd >= 0 and self.synced_bytes < size_bytes:
                os.fdatasync(self._fd)
                self.synced_bytes = size_bytes
            return self.synced_bytes

    def close(self) -> None:
        with self._fd_lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1


def journal_folder(session_id: str) -> Path:
    """Raises ValueError for what is not a session id."""
    folder: Path = settings.AMBIENT.media_root / "journal" / checked(session_id)
    return folder


def folder_format(session_id: str) -> AudioFormat:
    """Raises JournalMissing."""
    try:
        return AudioFormat(**json.loads((journal_folder(session_id) / FORMAT_FILE).read_text()))
    except FileNotFoundError:
        raise JournalMissing(f"no recording of session {session_id}") from None


def part_files(folder: Path) -> list[PartFile]:
    """By epoch, then by place."""
    return sorted(
        PartFile(int(match[1]), int(match[2]), path)
        for path in folder.iterdir()
        if (match := PART_NAME.fullmatch(path.name))
    )


def make_folder(session_id: str, audio_format: AudioFormat) -> Path:
    """Nobody but its owner reads it; one that is there stays as it is."""
    folder = journal_folder(session_id)
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(exist_ok=True, mode=0o700)
    _write_format(folder / FORMAT_FILE, audio_format)
    return folder


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
