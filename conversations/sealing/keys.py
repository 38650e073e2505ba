"""The keys: the first seals, all of them open."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

KEY_BYTES = 32
KEY_ID_BYTES = 4
SALT_BYTES = 16


class SealBroken(OSError):
    """What is stored cannot be opened: cut, changed, or sealed with a key that is not there."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """`keys`: 32 bytes each, in the order of the setting."""

    keys: tuple[bytes, ...]

    def __bool__(self) -> bool:
        return bool(self.keys)

    @property
    def first_id(self) -> bytes:
        return id_of(self.keys[0])

    def cipher(self, key_id: bytes, salt: bytes) -> AESGCM:
        """For one file: its key follows from the ring's and the file's salt (HKDF, RFC 5869), so that nonces
        need only differ within a file. Raises SealBroken."""
        for key in self.keys:
            if id_of(key) == key_id:
                return AESGCM(HKDF(SHA256(), KEY_BYTES, salt, b"ambient recording").derive(key))
        raise SealBroken(
            f"sealed with the key {key_id.hex()}, which is not in AMBIENT_ENCRYPTION_KEY "
            f"({', '.join(id_of(key).hex() for key in self.keys) or 'unset'})"
        )


def id_of(key: bytes) -> bytes:
    """Tells keys apart and nothing of them."""
    return hashlib.sha256(b"ambient key id" + key).digest()[:KEY_ID_BYTES]


def parse_keys(text: str) -> tuple[bytes, ...]:
    """Base64 of 32 bytes each, by comma. Raises ValueError."""
    keys = tuple(_decode(part.strip()) for part in text.split(",") if part.strip())
    if len({id_of(key) for key in keys}) != len(keys):
        raise ValueError("a key stands there twice")
    return keys


def keyring() -> Keyring:
    """As the settings say now."""
    return _keyring(settings.AMBIENT.encryption_key)


@lru_cache(maxsize=4)
def _keyring(text: str) -> Keyring:
    return Keyring(parse_keys(text))


def _decode(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(key) != KEY_BYTES:
        raise ValueError(f"{len(key)} bytes instead of {KEY_BYTES}")
    return key
