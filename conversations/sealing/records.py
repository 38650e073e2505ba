"""A sealed file that is appended to: a record a write, so that what was written is safe at once.

    file   = magic(8) key_id(4) salt(16) record*
    record = length(4) nonce(12) AES-GCM(what was written, aad = header + its number)

A power cut may leave a record that is not whole, or whose end is zeros: nothing of that was acknowledged, and
it is not read. Whatever else is not as it was written raises SealBroken. That whole records miss at the
end is noticed by who knows how long the file was (the row of a journal's part).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from cryptography.exceptions import InvalidTag

from conversations.sealing.keys import KEY_ID_BYTES, SALT_BYTES, Keyring, SealBroken

MAGIC = b"AMBJRNL1"
HEADER_BYTES = len(MAGIC) + KEY_ID_BYTES + SALT_BYTES
LENGTH_BYTES = 4
NONCE_BYTES = 12
TAG_BYTES = 16
OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES


class RecordSealer:
    """Of one file. A nonce is drawn for each record: one that could not be written whole leaves no trace that
    the next could be compared with."""

    def __init__(self, ring: Keyring) -> None:
        self.header = MAGIC + ring.first_id + os.urandom(SALT_BYTES)
        self._cipher = ring.cipher(ring.first_id, self.header[-SALT_BYTES:])
        self._number = 0

    def seal(self, data: bytes) -> bytes:
        """The next record. It counts once `written` says so."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, data, self.header + self._number.to_bytes(8, "big"))
        return (len(sealed) + NONCE_BYTES).to_bytes(LENGTH_BYTES, "big") + nonce + sealed

    def written(self) -> None:
        self._number += 1


def plain_size(sealed: bytes) -> int:
    """How much is in the whole records of a file."""
    return sum(end - start - OVERHEAD_BYTES for start, end in _records(sealed))


def opened(sealed: bytes, ring: Keyring) -> Iterator[bytes]:
    """What was written, record by record. Raises SealBroken."""
    header = sealed[:HEADER_BYTES]
    cipher = None
    for number, (start, end) in enumerate(_records(sealed)):
        cipher = cipher or ring.cipher(header[len(MAGIC) : len(MAGIC) + KEY_ID_BYTES], header[-SALT_BYTES:])
        nonce, text = sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES : end]
        try:
            yield cipher.decrypt(nonce, text, header + number.to_bytes(8, "big"))
        except InvalidTag as error:
            raise SealBroken("a sealed part was changed") from error


def _records(sealed: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each record that is whole, its length not counted. Raises SealBroken."""
    if len(sealed) >= HEADER_BYTES and not sealed.startswith(MAGIC):
        if not any(sealed):
            return  # its header never reached the disk
        raise SealBroken("this is no sealed part")
    at = HEADER_BYTES
    while at + LENGTH_BYTES <= len(sealed):
        length = int.from_bytes(sealed[at : at + LENGTH_BYTES], "big")
        start, end = at + LENGTH_BYTES, at + LENGTH_BYTES + length
        if length < OVERHEAD_BYTES:
            if any(sealed[at:]):
                raise SealBroken("a sealed part was changed")
            return
        if end > len(sealed) or not any(sealed[end - TAG_BYTES : end]):
            return
        yield start, end
        at = end
