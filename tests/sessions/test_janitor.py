"""The janitor ends what nobody holds any more: each session once, whoever else is at it, whatever breaks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from conversations.models import PipelineRun
from conversations.services.conversations import open_live_conversation
from sessions import journal
from sessions.models import RealTimeSession
from sessions.services.finishing import finish_abandoned
from transcription.audio.formats import AudioFormat

JANITORS = 6
SESSIONS = 8


def abandoned() -> str:
    """The id of a running session with two seconds of recording, whose lease lapsed long ago."""
    session_id = uuid4().hex
    owner = User.objects.create(username=session_id)
    conversation = open_live_conversation(
        owner_id=owner.pk, session_id=session_id, language="en", store_audio=True
    )
    RealTimeSession.objects.create(
        session_id=session_id,
        owner=owner,
        conversation=conversation,
        protocol="transcribe",
        encoding="pcm_s16le",
        sample_rate_hz=16_000,
        channels=1,
        process_id="gone",
        lease_until=timezone.now() - timedelta(hours=1),
    )
    written = journal.open_journal(session_id, AudioFormat(), epoch=0)
    written.append(bytes(64_000))
    written.close()
    return session_id


@pytest.mark.usefixtures("media")
@pytest.mark.django_db(transaction=True)
def test_janitors_at_the_same_time_end_each_session_once() -> None:
    """Of several that find the same sessions each session is ended by one, with one run, and none is left."""
    waiting = {abandoned() for _ in range(SESSIONS)}
    together = Barrier(JANITORS)

    def janitor(_: int) -> list[str]:
        try:
            together.wait()
            return finish_abandoned(grace_s=0)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(JANITORS) as threads:
        ended = [session_id for found in threads.map(janitor, range(JANITORS)) for session_id in found]

    assert sorted(ended) == sorted(waiting)
    for session_id in waiting:
        row = RealTimeSession.objects.get(session_id=session_id)
        assert (row.status, row.bytes_received) == ("interrupted", 64_000)
        assert PipelineRun.objects.filter(conversation=row.conversation).count() == 1


@pytest.mark.usefixtures("media")
@pytest.mark.django_db
def test_a_session_that_cannot_be_ended_keeps_no_other_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose journal cannot be read stays as it is and is tried again; those after it are ended."""
    broken, *others = (abandoned() for _ in range(3))
    extent_of = journal.recorded_extent

    def unless_broken(session_id: str) -> object:
        if session_id == broken:
            raise PermissionError("as I was told")
        return extent_of(session_id)

    monkeypatch.setattr(journal, "recorded_extent", unless_broken)
    assert sorted(finish_abandoned(grace_s=0)) == sorted(others)
    assert RealTimeSession.objects.get(session_id=broken).status == "active"
    monkeypatch.undo()
    assert finish_abandoned(grace_s=0) == [broken]
