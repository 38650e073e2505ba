"""A journal in files: the open tail is one, and so is what is sealed, unless a storage takes that.

A folder per session under `journal/`: `format.json` says how the bytes are to be read; they lie in files
`part-EPOCH-OFFSET.raw`, named by the epoch of their holder and their first byte's place.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass

from sessions.journal import storage
from sessions.journal.base import Part
from sessions.journal.parts import journal_folder, write_row
from sessions.meter import Meter

logger = logging.getLogger(__name__)

PART_BYTES = 4 * 1024 * 1024
"""Two minutes of 16 kHz PCM: a part is read and sealed in one go."""
SYNC_INTERVAL_S = 5.0
"""What the loss of power may cost; the death of a process costs nothing."""
PART_S = 60.0
"""A part of a slow stream is sealed at this age."""


@dataclass(slots=True)
class _Tail:
    """A part's open file."""

    fd: int
    epoch: int
    offset_bytes: int
    opened_s: float
    size_bytes: int = 0

    @property
    def part(self) -> Part:
        return Part(self.epoch, self.offset_bytes, self.size_bytes)


class DiskJournal:
    """`append` writes through to the operating system, so that the death of the process loses nothing; `sync`
    makes it survive the loss of power too, and where sealed parts go to a storage it takes the tail there."""

    def __init__(self, session_id: str, meter: Meter, *, epoch: int) -> None:
        """The folder is there. Raises OSError."""
        self.sync_interval_s = SYNC_INTERVAL_S
        self.meter = meter
        self.size_bytes = self.synced_bytes = meter.total.stored_bytes
        self._session_id = session_id
        self._folder = journal_folder(session_id)
        self._is_remote = storage.is_remote()
        self._tail: _Tail | None = None
        self._closed: list[_Tail] = []
        """Nobody appends to them any more; they are to be flushed and sealed, in this order."""
        self._appending = threading.Lock()  # held for a write to memory: no longer than the loop may wait
        self._sealing = threading.Lock()
        self.open_part(epoch)

    def open_part(self, epoch: int) -> None:
        with self._sealing:
            self._begin(epoch)
            self._flush()
            if self._is_remote and self._tail:  # the fence that a folder has in the empty file
                write_row(self._session_id, self._tail.part)
        sync_folder(self._folder)

    def append(self, data: bytes) -> None:
        with self._appending:
            tail = self._tail
            if tail is None:
                raise OSError("the journal has no open part")
            written = 0
            try:
                while written < len(data):
                    written += os.write(tail.fd, memoryview(data)[written:])
            except OSError:
                if written:
                    os.ftruncate(tail.fd, tail.size_bytes)
                    os.lseek(tail.fd, tail.size_bytes, os.SEEK_SET)
                raise
            tail.size_bytes += len(data)
            self.size_bytes += len(data)

    def sync(self) -> int:
        with self._sealing:
            tail = self._tail
            if tail and tail.size_bytes and (self._is_remote or _is_due(tail)):
                self._begin(tail.epoch)
                sync_folder(self._folder)
            return self._flush()

    def seal(self) -> int:
        with self._sealing:
            with self._appending:
                if self._tail:
                    self._closed.append(self._tail)
                    self._tail = None
            return self._flush()

    def close(self) -> None:
        with self._sealing, self._appending:
            for tail in [*self._closed, *([self._tail] if self._tail else [])]:
                if tail.fd >= 0:
                    os.close(tail.fd)
            self._tail, self._closed = None, []

    def _begin(self, epoch: int) -> None:
        """A new tail; the one before is closed at exactly its first byte."""
        with self._appending:
            path = self._folder / Part(epoch, self.size_bytes, 0).name
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            if self._tail:
                self._closed.append(self._tail)
            self._tail = _Tail(fd, epoch, self.size_bytes, time.monotonic())

    def _flush(self) -> int:
        """Flush and seal what is closed; flush the tail where files are what counts."""
        size_bytes = self.size_bytes
        while self._closed:
            tail = self._closed[0]
            if tail.fd >= 0:
                os.fdatasync(tail.fd)
                os.close(tail.fd)
                tail.fd = -1
            try:
                storage.seal(self._session_id, tail.part)
            except storage.StorageAway as error:
                logger.warning("session %s: a part waits for its storage: %s", self._session_id, error)
                return self.synced_bytes
            self.synced_bytes = max(self.synced_bytes, tail.offset_bytes + tail.size_bytes)
            self._closed.pop(0)
        if self._tail and not self._is_remote and self.synced_bytes < size_bytes:
            os.fdatasync(self._tail.fd)
            self.synced_bytes = size_bytes
        return self.synced_bytes


def sync_folder(folder: os.PathLike[str]) -> None:
    """Make the names in it survive the loss of power."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _is_due(tail: _Tail) -> bool:
    return tail.size_bytes >= PART_BYTES or time.monotonic() >= tail.opened_s + PART_S
