"""Django's storage of recordings, whichever it is, with what is put there sealed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any

from django.core.files import File
from django.core.files.storage import Storage, default_storage
from django.utils.deconstruct import deconstructible

from conversations.sealing import frames
from conversations.sealing.keys import keyring

if TYPE_CHECKING:  # Django's own class takes no type arguments when it runs
    PlainFile = File[bytes]
else:
    PlainFile = File

SPOOLED_BYTES = 4 * 1024 * 1024
"""A larger one waits on the disk, sealed, until the storage has it."""


class OpenedRecording(PlainFile):
    """The plain text of a stored recording."""

    def __init__(self, name: str) -> None:
        super().__init__(None, name)
        self._reopen()

    @property
    def size(self) -> int:
        return self._size

    def open(self, mode: str | None = None) -> OpenedRecording:  # type: ignore[override]
        if self.closed:
            self._reopen()
        else:
            self.seek(0)
        return self

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        self.seek(0)
        while data := self.read(chunk_size or self.DEFAULT_CHUNK_SIZE):
            yield data

    def _reopen(self) -> None:
        file: IO[Any] = default_storage.open(str(self.name), "rb")
        try:
            start = file.read(len(frames.MAGIC))
            file.seek(0)
            if frames.is_sealed(start):
                reader = frames.SealedReader(file, keyring())
                self._size = reader.size
                self.file = io.BufferedReader(reader, frames.FRAME_BYTES)
            else:
                self._size = default_storage.size(str(self.name))
                self.file = file
        except BaseException:
            file.close()
            raise


@deconstructible
class SealedStorage(Storage):
    """Seals what it saves where there is a key, and opens what was sealed; what is plain stays readable.

    Everything else is the default storage's. Opening raises SealBroken; FileNotFoundError is that storage's.
    """

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        ring = keyring()
        if not ring:
            return default_storage.save(name, content, max_length=max_length)
        plain = content if hasattr(content, "chunks") else File(content, name)
        with SpooledTemporaryFile(max_size=SPOOLED_BYTES) as sealed:
            for piece in frames.seal(plain.chunks(), ring):
                sealed.write(piece)
            sealed.seek(0)
            return default_storage.save(name, File(sealed, name), max_length=max_length)

    def open(self, name: str, mode: str = "rb") -> File[bytes]:
        if mode != "rb":
            raise ValueError("what is stored is only read")
        return OpenedRecording(name)

    def path(self, name: str) -> str:
        """Where the file lies, as it is stored."""
        return default_storage.path(name)

    def size(self, name: str) -> int:
        """Of the plain text."""
        with default_storage.open(name, "rb") as file:
            sealed = frames.is_sealed(file.read(len(frames.MAGIC)))
        size_bytes = default_storage.size(name)
        return frames.plain_size(size_bytes) if sealed else size_bytes

    def delete(self, name: str) -> None:
        default_storage.delete(name)

    def exists(self, name: str) -> bool:
        return default_storage.exists(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        return default_storage.listdir(path)

    def generate_filename(self, filename: Any) -> str:
        return default_storage.generate_filename(filename)

    def get_valid_name(self, name: str) -> str:
        return default_storage.get_valid_name(name)

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return default_storage.get_available_name(name, max_length=max_length)

    def get_accessed_time(self, name: str) -> datetime:
        return default_storage.get_accessed_time(name)

    def get_created_time(self, name: str) -> datetime:
        return default_storage.get_created_time(name)

    def get_modified_time(self, name: str) -> datetime:
        return default_storage.get_modified_time(name)


RECORDINGS = SealedStorage()
