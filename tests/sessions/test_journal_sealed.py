"""Journals with AMBIENT_ENCRYPTION_KEY: no audio on a disk, and every promise of a journal kept."""

from __future__ import annotations

import base64
import errno
import os
import resource
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from conversations.sealing.keys import SealBroken
from sessions import journal
from sessions.journal.parts import journal_folder
from tests.sessions.rows import make_session
from transcription.audio.formats import AudioFormat

FORMAT = AudioFormat()
pytestmark = pytest.mark.django_db


def key(number: int) -> str:
    return base64.b64encode(bytes([number]) * 32).decode()


@pytest.fixture
def sealed(settings: Any, media: Path) -> Any:
    def use(*numbers: int) -> None:
        text = ",".join(map(key, numbers))
        settings.AMBIENT = replace(settings.AMBIENT, encryption_key=text)

    use(1)
    return use


def files() -> list[Path]:
    return sorted(path for path in journal_folder("s").iterdir() if path.name.startswith("part"))


def recording(from_byte: int = 0) -> bytes:
    return b"".join(journal.read_recording("s", from_byte))


@given(st.lists(st.lists(st.binary(max_size=50), max_size=5), min_size=1, max_size=4), st.integers(0, 200))
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_what_went_in_comes_out(sealed: Any, epochs: list[list[bytes]], from_byte: int) -> None:
    """Over several sockets and from any byte on, before and after sealing."""
    journal.erase("s")
    book = journal.open_journal("s", FORMAT, epoch=0)
    for epoch, pieces in enumerate(epochs):
        if epoch:
            book.open_part(epoch)
        for piece in pieces:
            book.append(piece)
    sent = b"".join(piece for pieces in epochs for piece in pieces)
    assert recording(from_byte) == sent[from_byte:]
    book.seal()
    book.close()
    assert recording() == sent
    assert book.size_bytes == journal.recorded_extent("s").sent_bytes == len(sent)


@given(st.integers(0, 400))
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_a_torn_tail_costs_what_was_torn(sealed: Any, cut: int) -> None:
    """Wherever power was lost, the whole writes before it are read, and a new holder goes on behind them."""
    journal.erase("s")
    book = journal.open_journal("s", FORMAT, epoch=0)
    pieces = [bytes([number]) * 20 for number in range(6)]
    for piece in pieces:
        book.append(piece)
    book.close()
    [path] = files()
    os.truncate(path, min(cut, path.stat().st_size))
    left = recording()
    assert b"".join(pieces).startswith(left)
    assert len(left) % 20 == 0
    other = journal.open_journal("s", FORMAT, epoch=1)
    assert other.size_bytes == len(left)
    other.append(b"more")
    assert recording() == left + b"more"
    other.close()


def test_nothing_of_the_audio_is_on_the_disk(sealed: Any) -> None:
    """Not in the tail, nor in what is sealed."""
    book = journal.open_journal("s", FORMAT, epoch=0)
    book.append(b"spoken words" * 100)
    book.sync()
    book.open_part(1)
    book.append(b"spoken words")
    assert [path.suffix for path in files()] == [".sealed", ".sealed"]
    assert all(b"spoken" not in path.read_bytes() for path in files())
    assert recording() == b"spoken words" * 101
    book.close()


def test_keys_come_and_go(sealed: Any) -> None:
    """What was plain, and what an older key sealed, goes on under the newest; without it nothing is read."""
    sealed()
    first = journal.open_journal("s", FORMAT, epoch=0)
    first.append(b"plain ")
    first.close()
    sealed(1)
    second = journal.open_journal("s", FORMAT, epoch=1)
    second.append(b"older ")
    second.close()
    sealed(2, 1)
    third = journal.open_journal("s", FORMAT, epoch=2)
    third.append(b"newer")
    third.close()
    assert recording() == b"plain older newer"
    sealed(2)
    with pytest.raises(SealBroken, match="AMBIENT_ENCRYPTION_KEY"):
        recording()


def test_a_changed_part_is_noticed(sealed: Any) -> None:
    """Other bytes are never given for those that were accepted."""
    book = journal.open_journal("s", FORMAT, epoch=0)
    book.append(b"a" * 50)
    book.append(b"b" * 50)
    book.close()
    [path] = files()
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1
    path.write_bytes(changed)
    with pytest.raises(SealBroken):
        recording()


def test_what_cannot_be_read_can_be_erased(sealed: Any) -> None:
    """Neither a missing key nor damage keeps a recording from going."""
    book = journal.open_journal("s", FORMAT, epoch=0)
    book.append(b"a" * 50)
    book.close()
    [path] = files()
    path.write_bytes(b"\xff" * 100)
    sealed(9)
    journal.erase("s")
    assert not journal_folder("s").exists()


def test_a_full_disk_takes_all_or_nothing(sealed: Any) -> None:
    """A record that does not fit leaves the records before it, and later ones fit again."""
    book = journal.open_journal("s", FORMAT, epoch=0)
    book.append(b"a" * 90)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, limits[1]))
    try:
        with pytest.raises(OSError, match="large") as full:
            book.append(b"b" * 90)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert full.value.errno == errno.EFBIG
    book.append(b"c" * 10)
    assert recording() == b"a" * 90 + b"c" * 10
    book.close()


def test_in_a_storage_too(sealed: Any, objects: None) -> None:
    """What goes to object storage is sealed, and read back whole."""
    make_session("s")
    book = journal.open_journal("s", FORMAT, epoch=0)
    book.append(b"spoken words" * 10_000)
    book.seal()
    book.close()
    [name] = default_storage.listdir("journal/s")[1]
    with default_storage.open(f"journal/s/{name}") as stored:
        assert b"spoken" not in stored.read()
    assert recording(119_990) == b"oken words"
    journal.erase("s")
    assert default_storage.listdir("journal/s")[1] == []
