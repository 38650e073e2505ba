"""Sealed recordings: the plain bytes come back, or a clear error, and never other bytes."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from conversations.sealing import frames, records
from conversations.sealing.frames import FRAME_BYTES, SealedReader
from conversations.sealing.keys import Keyring, SealBroken, parse_keys
from conversations.sealing.storage import RECORDINGS

OLD, NEW = bytes(32), bytes(range(32))
RING = Keyring((NEW, OLD))


def text_of(*keys: bytes) -> str:
    return ",".join(base64.b64encode(key).decode() for key in keys)


@pytest.fixture
def keys(settings: Any, tmp_path: Path) -> Any:
    """Sets AMBIENT_ENCRYPTION_KEY; the storage is a folder of this test's own."""
    settings.MEDIA_ROOT = tmp_path

    def use(*chosen: bytes) -> None:
        settings.AMBIENT = replace(settings.AMBIENT, encryption_key=text_of(*chosen))

    use(NEW)
    return use


sizes = st.one_of(
    st.integers(0, 300),
    st.sampled_from([FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 2 * FRAME_BYTES, 3 * FRAME_BYTES - 5]),
)


def sealed_file(plain: bytes, ring: Keyring = RING) -> bytes:
    return b"".join(frames.seal([plain[:1000], plain[1000:70_000], plain[70_000:]], ring))


def read_into(got: bytearray, sealed: bytes) -> None:
    with SealedReader(io.BytesIO(sealed), RING) as reader:
        while piece := reader.read(FRAME_BYTES):
            got += piece


def some(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


@given(
    sizes, st.lists(st.tuples(st.integers(0, 3 * FRAME_BYTES), st.integers(0, 2 * FRAME_BYTES)), max_size=5)
)
@examples(max_examples=40)
def test_any_range_of_a_file_comes_back(size: int, ranges: list[tuple[int, int]]) -> None:
    """Whole and from anywhere, and its length is known without reading it."""
    plain = some(size)
    sealed = sealed_file(plain)
    assert frames.plain_size(len(sealed)) == size
    with io.BufferedReader(SealedReader(io.BytesIO(sealed), RING)) as reader:
        assert reader.read() == plain
        for start, length in ranges:
            reader.seek(start)
            assert reader.read(length) == plain[start : start + length]


@given(sizes, st.data())
@examples(max_examples=60)
def test_a_file_that_was_tampered_with_is_noticed(size: int, data: st.DataObject) -> None:
    """Cut anywhere, a bit turned anywhere, or two frames exchanged: an error, and not one byte that was not
    written."""
    plain = some(size)
    sealed = bytearray(sealed_file(plain))
    match data.draw(st.sampled_from(["cut", "bit", "exchange", "drop"])):
        case "cut":
            sealed = sealed[: data.draw(st.integers(0, len(sealed) - 1))]
        case "bit":
            sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        case kind:
            step, first = FRAME_BYTES + frames.TAG_BYTES, frames.HEADER_BYTES
            if size <= FRAME_BYTES:
                return
            one, two = sealed[first : first + step], sealed[first + step : first + 2 * step]
            sealed[first : first + 2 * step] = two + one if kind == "exchange" else two
    got = bytearray()
    with pytest.raises(SealBroken):
        read_into(got, bytes(sealed))
    assert plain.startswith(bytes(got))


def test_a_file_of_a_key_that_is_gone_says_which(keys: Any) -> None:
    """Every key of the list opens, the first seals; a missing one is named by its id."""
    old = sealed_file(b"words", Keyring((OLD,)))
    with SealedReader(io.BytesIO(old), RING) as reader:
        assert reader.read() == b"words"
    with pytest.raises(SealBroken, match="which is not in AMBIENT_ENCRYPTION_KEY"):
        SealedReader(io.BytesIO(old), Keyring((NEW,)))
    with pytest.raises(SealBroken, match="unset"):
        SealedReader(io.BytesIO(old), Keyring(()))


writes = st.lists(st.binary(max_size=40), max_size=8)


def written(pieces: list[bytes]) -> bytes:
    sealer = records.RecordSealer(RING)
    sealed = sealer.header
    for piece in pieces:
        sealed += sealer.seal(piece)
        sealer.written()
    return sealed


@given(writes, st.integers(0, 600), st.booleans())
def test_an_appended_file_gives_what_was_whole(pieces: list[bytes], cut: int, zeros: bool) -> None:
    """Cut anywhere, with zeros behind or not: a beginning of what was written, whole records of it."""
    sealed = written(pieces)
    left = sealed[:cut] + (bytes(30) if zeros and cut < len(sealed) else b"")
    try:
        got = b"".join(records.opened(left, RING))
    except SealBroken:
        assert zeros  # where they are a part of a tag, nobody can tell them from a change
        return
    assert b"".join(pieces).startswith(got)
    assert records.plain_size(left) == len(got)
    if cut >= len(sealed):
        assert got == b"".join(pieces)


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=6), st.data())
def test_an_appended_file_that_was_changed_is_noticed(pieces: list[bytes], data: st.DataObject) -> None:
    """A bit turned anywhere gives an error, or less than there was where it was a length."""
    sealed = bytearray(written(pieces))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    got = b""
    try:
        for piece in records.opened(bytes(sealed), RING):
            got += piece
    except SealBroken:
        pass
    whole = b"".join(pieces)
    assert whole.startswith(got)
    assert got != whole


def test_the_storage_seals_and_opens(keys: Any, tmp_path: Path) -> None:
    """What lies on the disk has nothing of it; sizes, ranges and a second opening are of the plain text."""
    plain = some(150_000)
    name = RECORDINGS.save("a.flac", ContentFile(plain))
    raw = (tmp_path / name).read_bytes()
    assert raw.startswith(frames.MAGIC)
    assert plain[:64] not in raw
    assert RECORDINGS.size(name) == len(plain)
    file = RECORDINGS.open(name)
    assert file.size == len(plain)
    file.seek(70_000)
    assert file.read(10) == plain[70_000:70_010]
    file.close()
    assert file.open("rb").read() == plain
    assert b"".join(file.chunks(1000)) == plain
    file.close()


def test_what_was_stored_plain_stays_readable(keys: Any) -> None:
    """A key that is set later does not lock out what was there; a rotation not what an older key sealed."""
    keys()
    plain = RECORDINGS.save("plain.wav", ContentFile(b"RIFF plain"))
    keys(OLD)
    older = RECORDINGS.save("older.wav", ContentFile(b"RIFF older"))
    keys(NEW, OLD)
    newer = RECORDINGS.save("newer.wav", ContentFile(b"RIFF newer"))
    assert [RECORDINGS.open(name).read() for name in (plain, older, newer)] == [
        b"RIFF plain",
        b"RIFF older",
        b"RIFF newer",
    ]
    assert RECORDINGS.size(plain) == 10
    keys(NEW)
    with pytest.raises(SealBroken):
        RECORDINGS.open(older)
    assert default_storage.exists(older)


@pytest.mark.parametrize("text", ["x", text_of(bytes(31)), f"{text_of(NEW)},{text_of(NEW)}"])
def test_what_is_no_key_is_refused(text: str) -> None:
    """Not base64, not 32 bytes, or twice the same."""
    with pytest.raises(ValueError, match=r"base64|bytes|twice"):
        parse_keys(text)
