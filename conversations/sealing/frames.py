"""A sealed file that is written once and read anywhere: frames of 64 KiB, each sealed by itself.

    file   = magic(8) key_id(4) salt(16) frame*
    frame  = AES-GCM(nonce = its number, plain text of 64 KiB or what is left, aad = header + more | last)

The number in the nonce notices frames that change places, the mark of the last one a file that was cut
(STREAM: Hoang, Reyhanitabar, Rogaway, Vizár, 2015). What is read was written, or SealBroken is raised.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from typing_extensions import Buffer

from conversations.sealing.keys import KEY_ID_BYTES, SALT_BYTES, Keyring, SealBroken

MAGIC = b"AMBSEAL1"
HEADER_BYTES = len(MAGIC) + KEY_ID_BYTES + SALT_BYTES
FRAME_BYTES = 64 * 1024
TAG_BYTES = 16
MORE, LAST = b"more", b"last"


def seal(chunks: Iterable[bytes], ring: Keyring) -> Iterator[bytes]:
    """The sealed file of what the chunks are together, piece by piece."""
    header = MAGIC + ring.first_id + os.urandom(SALT_BYTES)
    cipher = ring.cipher(ring.first_id, header[-SALT_BYTES:])
    yield header
    waiting, number = bytearray(), 0
    for chunk in chunks:
        waiting += chunk
        while len(waiting) > FRAME_BYTES:  # one that is just full may be the last
            yield cipher.encrypt(_nonce(number), bytes(waiting[:FRAME_BYTES]), header + MORE)
            del waiting[:FRAME_BYTES]
            number += 1
    yield cipher.encrypt(_nonce(number), bytes(waiting), header + LAST)


def is_sealed(start: bytes) -> bool:
    """By the first bytes of a file."""
    return start.startswith(MAGIC)


def plain_size(sealed_bytes: int) -> int:
    """Of a sealed file of that size. Raises SealBroken for one that no file has."""
    body = sealed_bytes - HEADER_BYTES
    count = -(-body // (FRAME_BYTES + TAG_BYTES))
    plain = body - count * TAG_BYTES
    if body < TAG_BYTES or plain < 0 or (count > 1 and plain <= (count - 1) * FRAME_BYTES):
        raise SealBroken("a sealed file was cut")
    return plain


class SealedReader(io.RawIOBase):
    """The plain text of a sealed file; `size`: its length. Closes the file with itself."""

    def __init__(self, file: IO[Any], ring: Keyring) -> None:
        """Raises SealBroken."""
        super().__init__()
        self._file = file
        self.size = plain_size(file.seek(0, os.SEEK_END))
        file.seek(0)
        self._header = file.read(HEADER_BYTES)
        if len(self._header) < HEADER_BYTES or not is_sealed(self._header):
            raise SealBroken("this is no sealed file")
        key_id = self._header[len(MAGIC) : len(MAGIC) + KEY_ID_BYTES]
        self._cipher = ring.cipher(key_id, self._header[-SALT_BYTES:])
        self._last = max(0, -(-self.size // FRAME_BYTES) - 1)
        self._at = 0
        self._number = -1
        self._frame = b""
        self._open_frame(self._last)  # a cut file is noticed before its first byte is given

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Buffer) -> int:
        """Of one frame at most. Raises SealBroken."""
        view = memoryview(buffer)
        if self._at >= self.size or view.nbytes == 0:
            return 0
        number, start = divmod(self._at, FRAME_BYTES)
        self._open_frame(number)
        data = self._frame[start : start + len(view)]
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _open_frame(self, number: int) -> None:
        if number == self._number:
            return
        self._file.seek(HEADER_BYTES + number * (FRAME_BYTES + TAG_BYTES))
        sealed = self._file.read(FRAME_BYTES + TAG_BYTES)
        mark = LAST if number == self._last else MORE
        try:
            self._frame = self._cipher.decrypt(_nonce(number), sealed, self._header + mark)
        except (InvalidTag, ValueError) as error:
            raise SealBroken("a sealed file was cut or changed") from error
        self._number = number


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")
