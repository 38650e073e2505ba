"""A journal in files: the open tail is one, and so is what is sealed, unless a storage takes that.

A folder per session under `journal/`: `format.json` says how the bytes are to be read; they lie in files
`part-EPOCH-OFFSET.raw` (or `.sealed`), named by the epoch of their holder and their first byte's place.
"""

from __future__ import annotations

import logging
import os
import threading
import time

from sessions.journal import storage
from sessions.journal.parts import journal_folder, write_row
from sessions.journal.tails import TailFile
from sessions.meter import Meter

logger = logging.getLogger(__name__)

PART_BYTES = 4 * 1024 * 1024
"""Two minutes of 16 kHz PCM: a part is read and sealed in one go."""
SYNC_INTERVAL_S = 5.0
"""What the loss of power may cost; the death of a process costs nothing."""
PART_S = 60.0
"""A part of a slow stream is sealed at this age."""


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
        self._tail: TailFile | None = None
        self._closed: list[TailFile] = []
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
            tail.append(data)
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
                tail.close()
            self._tail, self._closed = None, []

    def _begin(self, epoch: int) -> None:
        """A new tail; the one before is closed at exactly its first byte."""
        with self._appending:
            tail = TailFile(self._folder, epoch, self.size_bytes)
            if self._tail:
                self._closed.append(self._tail)
            self._tail = tail

    def _flush(self) -> int:
        """Flush and seal what is closed; flush the tail where files are what counts."""
        size_bytes = self.size_bytes
        while self._closed:
            tail = self._closed[0]
            if tail.is_open:
                tail.sync()
                tail.close()
            try:
                storage.seal(self._session_id, tail.part)
            except storage.StorageAway as error:
                logger.warning("session %s: a part waits for its storage: %s", self._session_id, error)
                return self.synced_bytes
            self.synced_bytes = max(self.synced_bytes, tail.offset_bytes + tail.size_bytes)
            self._closed.pop(0)
        if self._tail and not self._is_remote and self.synced_bytes < size_bytes:
            self._tail.sync()
            self.synced_bytes = size_bytes
        return self.synced_bytes


def sync_folder(folder: os.PathLike[str]) -> None:
    """Make the names in it survive the loss of power."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _is_due(tail: TailFile) -> bool:
    return tail.size_bytes >= PART_BYTES or time.monotonic() >= tail.opened_s + PART_S
