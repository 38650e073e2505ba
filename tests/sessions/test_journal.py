"""The recording on disk: every accepted byte once, whatever cut the sockets."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions import journal
from sessions.journal.parts import journal_folder
from transcription.audio.formats import AudioFormat

FORMAT = AudioFormat()
pytestmark = pytest.mark.django_db


@given(st.lists(st.lists(st.binary(max_size=50), max_size=5), min_size=1, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_what_went_in_comes_out(media: Path, epochs: list[list[bytes]]) -> None:
    """Bytes appended over several sockets are read back once each, in order."""
    journal.erase("s")
    book = journal.open_journal("s", FORMAT, epoch=0)
    for epoch, frames in enumerate(epochs):
        if epoch:
            book.open_part(epoch)
        for frame in frames:
            book.append(frame)
    book.close()
    sent = b"".join(frame for frames in epochs for frame in frames)
    assert b"".join(journal.read_recording("s")) == sent
    assert book.size_bytes == journal.recorded_extent("s").sent_bytes == len(sent)


def test_a_later_epoch_is_right(media: Path) -> None:
    """What an older holder wrote past the point where a newer one started does not count."""
    old = journal.open_journal("s", FORMAT, epoch=0)
    old.append(b"aaaa")
    new = journal.open_journal("s", FORMAT, epoch=1)
    old.append(b"XX")
    new.append(b"bb")
    assert b"".join(journal.read_recording("s")) == b"aaaabb"


@given(st.integers(0, 12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=13)
def test_another_holder_goes_on_and_reads_from_anywhere(media: Path, from_byte: int) -> None:
    """Whoever opens a journal after another process has all that was accepted, from any byte on."""
    journal.erase("s")
    old = journal.open_journal("s", FORMAT, epoch=0)
    old.append(b"abcd")
    new = journal.open_journal("s", FORMAT, epoch=3)
    assert new.size_bytes == 4
    new.append(b"efgh")
    new.open_part(4)
    new.append(b"ij")
    assert b"".join(journal.read_recording("s", from_byte)) == b"abcdefghij"[from_byte:]


def test_nobody_else_reads_it(media: Path) -> None:
    """Folders are 0700 and files 0600."""
    book = journal.open_journal("s", FORMAT, epoch=0)
    book.close()
    folder = journal_folder("s")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_full_disk_takes_all_or_nothing(media: Path) -> None:
    """A write that does not fit raises and leaves the bytes before it; later ones fit again."""
    book = journal.open_journal("s", FORMAT, epoch=0)
    book.append(b"a" * 90)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError) as caught:  # noqa: PT011 - the number says what it was
            book.append(b"b" * 20)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.errno == errno.EFBIG
    assert book.size_bytes == 90
    book.append(b"c" * 20)
    assert book.sync() == 110
    assert b"".join(journal.read_recording("s")) == b"a" * 90 + b"c" * 20


def test_samples_of_a_recording(media: Path) -> None:
    """A recording is read as 16 kHz mono, an odd byte in the middle of it included."""
    book = journal.open_journal("s", AudioFormat("pcm_s16le", 16_000, 2), epoch=0)
    pcm = np.array([[16384, 0], [-16384, -16384]], "<i2").tobytes()
    book.append(pcm[:3])
    book.open_part(1)
    book.append(pcm[3:])
    book.close()
    assert journal.recording_samples("s").tolist() == [0.25, -0.5]


def test_what_is_not_there(media: Path) -> None:
    """An erased recording is empty; the name of a folder cannot be talked out of its place."""
    journal.open_journal("s", FORMAT, epoch=0).close()
    journal.erase("s")
    journal.erase("s")
    assert len(journal.recording_samples("s")) == 0
    with pytest.raises(journal.JournalMissing):
        list(journal.read_recording("s"))
    with pytest.raises(ValueError, match="session id"):
        journal_folder(f"..{os.sep}s")
