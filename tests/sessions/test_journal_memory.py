"""A journal in Redis alone: whole over sockets, processes and faults of Redis, and gone when it is erased."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisAway

from sessions import journal
from sessions.journal import memory
from sessions.models import JournalPart, RealTimeSession
from sessions.services.finishing import finish_abandoned
from tests.sessions.rows import make_session
from transcription.audio.formats import AudioFormat

FORMAT = AudioFormat()
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_left(in_memory: None) -> Iterator[None]:
    yield
    journal.erase("s")


def heard(from_byte: int = 0) -> bytes:
    return b"".join(journal.read_recording("s", from_byte))


@given(st.lists(st.lists(st.binary(max_size=9), max_size=5), min_size=1, max_size=4), st.integers(0, 20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_what_went_in_comes_out(epochs: list[list[bytes]], from_byte: int) -> None:
    """Bytes of several sockets, flushed now and then, are read back once each, from any byte on."""
    journal.erase("s")
    book = journal.open_journal("s", FORMAT, epoch=0)
    for epoch, frames in enumerate(epochs):
        if epoch:
            book.open_part(epoch)
        for index, frame in enumerate(frames):
            book.append(frame)
            if index % 2:
                assert book.sync() == book.size_bytes
    book.seal()
    sent = b"".join(frame for frames in epochs for frame in frames)
    assert heard(from_byte) == sent[from_byte:]
    assert book.size_bytes == journal.recorded_extent("s").sent_bytes == len(sent)


def test_another_process_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was flushed is there for whoever takes over; what the old holder still sends is not read. Long
    journals are several strings."""
    monkeypatch.setattr(memory, "PART_BYTES", 4)
    old = journal.open_journal("s", FORMAT, epoch=0)
    for data in (b"aaaa", b"bbbb"):
        old.append(data)
        old.sync()
    old.append(b"never flushed")
    new = journal.open_journal("s", FORMAT, epoch=1)
    assert new.size_bytes == 8
    old.sync()
    new.append(b"cc")
    new.sync()
    assert heard() == b"aaaabbbbcc"
    assert journal.recording_format("s") == FORMAT
    assert JournalPart.objects.count() == 0


def test_an_abandoned_session_is_finished_from_it() -> None:
    """What its dead process had flushed is what the session ends with, for the pipeline to hear."""
    made = make_session("s")
    book = journal.open_journal("s", FORMAT, epoch=0)
    book.append(bytes(32_000))
    book.sync()
    RealTimeSession.objects.filter(pk=made.pk).update(lease_until=timezone.now() - timedelta(hours=1))
    assert finish_abandoned(grace_s=0) == ["s"]
    made.refresh_from_db()
    assert (made.status, made.bytes_received, made.audio_duration_s) == ("interrupted", 32_000, 1.0)


def test_it_expires_and_is_erased(settings: Any) -> None:
    """Every key of it has an end, later than any session's; after erasing there is none."""
    book = journal.open_journal("s", FORMAT, epoch=0)
    book.append(b"aa")
    book.seal()
    with Redis.from_url(settings.REDIS_URL) as redis:
        left = [redis.ttl(name) for name in redis.keys("ambient:journal:s:*")]
        assert len(left) == 3
        assert min(left) > settings.AMBIENT.live.max_session_duration_s
        for _ in range(2):
            journal.erase("s")
            assert redis.keys("ambient:journal:s:*") == []
    assert not journal.has_recording("s")
    with pytest.raises(journal.JournalMissing):
        heard()


def test_while_redis_is_away_nothing_is_acknowledged_and_nothing_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Bytes wait in the process, so many and no more; a write that happened unheard is not doubled."""
    book = journal.open_journal("s", FORMAT, epoch=0)
    book.append(b"aa")
    execute = Pipeline.execute

    def unheard(self: Any, *args: Any) -> Any:
        execute(self, *args)
        raise RedisAway("the answer was lost")

    with monkeypatch.context() as away:
        away.setattr(Pipeline, "execute", unheard)
        assert book.sync() == 0
        away.setattr(memory, "MAX_WAITING_BYTES", 4)
        book.append(b"bb")
        with pytest.raises(OSError, match="no room") as caught:
            book.append(b"c")
    assert caught.value.errno == errno.ENOSPC
    assert book.sync() == 4
    assert heard() == b"aabb"


def test_a_redis_that_forgot_is_noticed(settings: Any) -> None:
    """Its recording is not made up: the journal says that it is gone, and the session can go on."""
    book = journal.open_journal("s", FORMAT, epoch=0)
    book.append(b"aa")
    book.sync()
    journal.erase("s")
    book.append(b"bb")
    with pytest.raises(OSError, match="lost"):
        book.sync()
    book.open_part(1)
    book.append(b"cc")
    assert book.sync() == book.size_bytes
    assert heard() == b""


def test_a_session_takes_only_so_much(settings: Any) -> None:
    """The longest session at its rate is the bound."""
    live = replace(settings.AMBIENT.live, max_session_duration_s=1, resume_grace_s=0)
    settings.AMBIENT = replace(settings.AMBIENT, live=live)
    book = journal.open_journal("s", FORMAT, epoch=0)
    book.append(bytes(61 * 32_000))
    with pytest.raises(OSError, match="no room"):
        book.append(b"a")


def test_a_session_that_began_in_files_stays_there(settings: Any, media: Path) -> None:
    """After the setting has changed, its recording is still read, and erased with the rest."""
    settings.AMBIENT = replace(settings.AMBIENT, journal="disk")
    book = journal.open_journal("s", FORMAT, epoch=0)
    book.append(b"aa")
    book.seal()
    settings.AMBIENT = replace(settings.AMBIENT, journal="memory")
    assert heard() == b"aa"
    journal.erase("s")
    assert list((media / "journal").iterdir()) == []
