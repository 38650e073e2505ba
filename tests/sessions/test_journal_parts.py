"""Sealed parts: a row for each, in a folder or in a storage, and nothing but the open tail without one."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path

import pytest
from django.core.files.storage import InMemoryStorage, default_storage
from hypothesis import given
from hypothesis import strategies as st

from sessions import journal
from sessions.journal import disk
from sessions.journal.base import Part, spans_of
from sessions.journal.parts import files_of
from sessions.models import JournalPart
from tests.sessions.opus import opus_packets
from tests.sessions.rows import make_session
from tests.sessions.support import speech
from transcription.audio.formats import AudioFormat

FORMAT = AudioFormat()
pytestmark = pytest.mark.django_db


def heard(session_id: str = "s", from_byte: int = 0) -> bytes:
    return b"".join(journal.read_recording(session_id, from_byte))


def rows() -> list[tuple[int, int, int]]:
    return list(JournalPart.objects.values_list("epoch", "offset_bytes", "size_bytes"))


def test_what_is_closed_has_a_row(media: Path) -> None:
    """A new socket, the end of a part's size and the end of the session seal; the tail alone has no row."""
    make_session("s")
    book = journal.open_journal("s", FORMAT, epoch=0)
    book.append(b"aaaa")
    assert rows() == []
    book.open_part(1)
    book.append(b"bb")
    assert rows() == [(0, 0, 4)]
    book.seal()
    assert rows() == [(0, 0, 4), (1, 4, 2)]
    assert heard() == b"aaaabb"
    with pytest.raises(OSError, match="no open part"):
        book.append(b"c")


def test_a_long_session_is_sealed_as_it_goes(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a part is full the next flush begins another one, and every byte is in one of them."""
    monkeypatch.setattr(disk, "PART_BYTES", 10)
    make_session("s")
    book = journal.open_journal("s", FORMAT, epoch=0)
    for count in range(1, 8):
        book.append(bytes([count]) * 4)
        assert book.sync() == 4 * count
    assert rows() == [(0, 0, 12), (0, 12, 12)]
    assert heard() == b"".join(bytes([count]) * 4 for count in range(1, 8))


def test_what_a_dead_process_left_is_sealed_by_the_next(media: Path) -> None:
    """A take-over, and the end of an abandoned session, give rows to what has none; what the old holder
    writes or seals after that is not read."""
    make_session("s")
    dead = journal.open_journal("s", FORMAT, epoch=0)
    dead.append(b"aaaa")
    new = journal.open_journal("s", FORMAT, epoch=1)
    assert rows() == [(0, 0, 4)]
    dead.append(b"XXXX")
    dead.seal()
    new.append(b"bb")
    journal.seal_leftovers("s")
    assert (1, 4, 2) in rows()
    assert heard() == b"aaaabb"


def test_erasure_takes_rows_and_files(media: Path) -> None:
    """After it there is nothing of the recording, and asking again changes nothing."""
    make_session("s")
    book = journal.open_journal("s", FORMAT, epoch=0)
    book.append(b"aaaa")
    book.seal()
    for _ in range(2):
        journal.erase("s")
        assert (rows(), files_of("s"), journal.has_recording("s")) == ([], [], False)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.data())
def test_nothing_behind_a_hole_counts(sizes: list[int], data: st.DataObject) -> None:
    """Of parts of which one is gone, what lies before it is read, whole and in order."""
    offsets = [0, *accumulate(sizes)]
    parts = [Part(0, offset, size) for offset, size in zip(offsets, sizes, strict=False)]
    lost = data.draw(st.integers(0, len(parts) - 1))
    start = data.draw(st.integers(0, offsets[-1]))
    spans = spans_of([part for part in parts if part is not parts[lost]], start)
    covered = [byte for span in spans for byte in range(span.start, span.end)]
    assert covered == list(range(start, offsets[lost] if lost < len(parts) - 1 else offsets[-2]))


def test_sealed_parts_go_to_the_storage(media: Path, objects: None) -> None:
    """A byte is safe when its part is there; nothing of it stays in the folder, and it is read from there."""
    make_session("s")
    book = journal.open_journal("s", FORMAT, epoch=0)
    book.append(b"aaaa")
    assert book.synced_bytes == 0
    assert book.sync() == 4
    book.append(b"bb")
    assert heard() == b"aaaabb"
    book.seal()
    assert [part.size_bytes for part in files_of("s") if part.size_bytes] == []
    names = [name for name in JournalPart.objects.values_list("stored_as", flat=True) if name]
    assert len(names) == 2
    assert all(default_storage.exists(name) for name in names)
    assert heard("s", 3) == b"abb"


def test_a_worker_without_the_folder_reads_the_storage(media: Path, objects: None) -> None:
    """Another machine has rows and objects alone: the bytes, their format and their extent are there."""
    packets = opus_packets(speech(0.2))
    made = make_session("s", AudioFormat("opus", 48_000))
    book = journal.open_journal("s", AudioFormat("opus", 48_000), epoch=0)
    for packet in packets:
        book.append(book.meter.read(packet).data)
    book.seal()
    for path in sorted((media / "journal").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert journal.recording_format(made.session_id) == AudioFormat("opus", 48_000)
    assert journal.recorded_extent("s").sent_bytes == sum(map(len, packets))
    assert len(journal.recording_samples("s")) == len(packets) * 320


def test_a_storage_that_is_away_is_waited_for(
    media: Path, objects: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is acknowledged, nothing is lost; when it is back the parts go there in order."""
    make_session("s")
    book = journal.open_journal("s", FORMAT, epoch=0)

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("the storage says nothing")

    with monkeypatch.context() as away:
        away.setattr(InMemoryStorage, "save", refuse)
        for _ in range(3):
            book.append(b"aa")
            assert book.sync() == 0
    assert heard() == b"aaaaaa"
    assert book.sync() == 6
    assert heard() == b"aaaaaa"


def test_erasure_takes_objects(media: Path, objects: None) -> None:
    """Those that rows name, and those that a process left which died before it wrote a row."""
    make_session("s")
    book = journal.open_journal("s", FORMAT, epoch=0)
    book.append(b"aaaa")
    book.seal()
    JournalPart.objects.filter(size_bytes=4).delete()
    book.open_part(1)
    book.append(b"bb")
    book.seal()
    journal.erase("s")
    assert default_storage.listdir("journal/s")[1] == []
    assert not journal.has_recording("s")
