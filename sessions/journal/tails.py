"""The file of a part: plain, or sealed record by record where there is a key (docs/encryption.md)."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from typing import IO, Any

from conversations.sealing import records
from conversations.sealing.keys import keyring
from sessions.journal.base import Part

SEALED_SUFFIX = ".sealed"


class TailFile:
    """The open end of a journal. Raises OSError where the disk takes no more."""

    def __init__(self, folder: Path, epoch: int, offset_bytes: int) -> None:
        self.epoch = epoch
        self.offset_bytes = offset_bytes
        self.size_bytes = 0
        self.opened_s = time.monotonic()
        self._sealer = records.RecordSealer(ring) if (ring := keyring()) else None
        plain = folder / self.part.name
        sealed = plain.with_suffix(SEALED_SUFFIX)
        path, other = (sealed, plain) if self._sealer else (plain, sealed)
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file_bytes = 0
        other.unlink(missing_ok=True)
        try:
            if self._sealer:
                self._write(self._sealer.header)
        except OSError:
            self.close()
            raise

    @property
    def part(self) -> Part:
        return Part(self.epoch, self.offset_bytes, self.size_bytes)

    @property
    def is_open(self) -> bool:
        return self._fd >= 0

    def append(self, data: bytes) -> None:
        """All of it or nothing."""
        if self._sealer is None:
            self._write(data)
        elif data:
            self._write(self._sealer.seal(data))
            self._sealer.written()
        self.size_bytes += len(data)

    def sync(self) -> None:
        os.fdatasync(self._fd)

    def close(self) -> None:
        if self.is_open:
            os.close(self._fd)
            self._fd = -1

    def _write(self, data: bytes) -> None:
        written = 0
        try:
            while written < len(data):
                written += os.write(self._fd, memoryview(data)[written:])
        except OSError:
            if written:
                os.ftruncate(self._fd, self._file_bytes)
                os.lseek(self._fd, self._file_bytes, os.SEEK_SET)
            raise
        self._file_bytes += len(data)


def path_of(folder: Path, part: Part) -> Path:
    """Of the part's file; FileNotFoundError is for who opens it."""
    plain = folder / part.name
    sealed = plain.with_suffix(SEALED_SUFFIX)
    return sealed if sealed.exists() else plain


def size_of(path: Path) -> int:
    """How many bytes of the recording are in it. Raises SealBroken."""
    return records.plain_size(path.read_bytes()) if path.suffix == SEALED_SUFFIX else path.stat().st_size


def opened(path: Path) -> IO[Any]:
    """The bytes of the recording; a part is small enough to be held. Raises SealBroken, FileNotFoundError."""
    if path.suffix != SEALED_SUFFIX:
        return path.open("rb")
    return io.BytesIO(b"".join(records.opened(path.read_bytes(), keyring())))
