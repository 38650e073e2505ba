"""Live sessions over REST, and rows whose process is gone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from conversations.access import Access, access_from_key
from conversations.models import PipelineRun
from sessions import journal
from sessions.figures import StepTimes
from sessions.models import RealTimeSession, RealTimeTranscriptChunk
from sessions.parameters import StreamParameters
from sessions.services.finishing import Finish, finish_abandoned, finish_session
from sessions.services.holding import (
    NotHeld,
    Progress,
    check_held,
    note_cleared,
    note_state,
    pause_lapsed,
    release_session,
    renew_leases,
)
from sessions.services.opening import (
    AlreadyFinished,
    HeldElsewhere,
    NoCapacity,
    OtherOwner,
    open_session,
)
from sessions.services.recording_words import FinalChunk, commit_final
from tests.sessions.conftest import make_key
from transcription.models import Segment

SCOPES = ("live", "read", "admin")


def access_of(key: str) -> Access:
    access = access_from_key(key)
    assert access is not None
    return access


def opened(key: str, session_id: str, process_id: str = "p1", **options: Any) -> Any:
    return open_session(
        session_id=session_id,
        access=access_of(key),
        parameters=options.pop("parameters", StreamParameters()),
        protocol="transcribe",
        process_id=process_id,
        engine="",
        model="base",
        max_sessions=options.pop("max_sessions", 10),
        grace_s=60,
    )


def call(key: str, path: str, method: str = "get", **options: Any) -> Any:
    client = Client(headers={"Authorization": f"Bearer {key}"})
    return getattr(client, method)(f"/api/v1/websocket/{path}", content_type="application/json", **options)


def let_lapse() -> None:
    """All leases are over."""
    RealTimeSession.objects.update(lease_until=timezone.now() - timedelta(minutes=5))


def test_the_list_is_the_callers_own(db: None) -> None:
    """A caller sees the owner's sessions; ended ones only when asked for; an unknown word is 400."""
    key, stranger = make_key("a", SCOPES), make_key("b", SCOPES)
    opened(key, "mine")
    opened(stranger, "theirs")
    answer = call(key, "sessions").json()
    assert (answer["active_sessions"], answer["max_connections"]) == (1, 100)
    (session,) = answer["sessions"]
    assert session["session_id"] == "mine"
    assert (session["total_chunks"], session["transcript_length"], session["metrics"]) == (0, 0, {})
    let_lapse()
    finish_abandoned(grace_s=0)
    assert call(key, "sessions").json()["sessions"] == []
    (past,) = call(key, "sessions?status=all").json()["sessions"]
    assert (past["status"], past["end_reason"]) == ("interrupted", "server_gone")
    assert past["metrics"]["chunks_processed"] == 0
    assert call(key, "sessions?status=some").status_code == 400


def test_one_session(db: None) -> None:
    """The detail has chunks and metrics; somebody else's session is not there."""
    key, stranger = make_key("a", SCOPES), make_key("b", SCOPES)
    opened(key, "mine")
    assert call(key, "sessions/mine").json()["chunks"] == []
    assert call(stranger, "sessions/mine").status_code == 404
    assert call(stranger, "sessions/mine/end", "post").status_code == 404
    assert call(key, "sessions/mine/end", "post").status_code == 202
    let_lapse()
    finish_abandoned(grace_s=0)
    assert call(key, "sessions/mine/end", "post").status_code == 409


def test_announcing_needs_the_scope(db: None) -> None:
    """Broadcasting is for `admin`, counts the sessions with a socket, and checks what it is given."""
    key = make_key("a", SCOPES)
    opened(key, "mine")
    answer = call(key, "broadcast", "post", data={"type": "announcement", "message": "Tea"})
    assert answer.json() == {"message": "Tea", "recipients": 1}
    assert call(make_key("b"), "broadcast", "post", data={"message": "Tea"}).status_code == 403
    assert call(key, "broadcast", "post", data={"type": "song", "message": "la"}).status_code == 400


def test_who_may_go_on_with_a_session(db: None) -> None:
    """Its owner, in the process that holds it, while it runs, and in any once its lease is over; each other
    case is an error of its own."""
    key = make_key("a")
    first = opened(key, "s")
    again = opened(key, "s")
    assert (first.existed, again.existed, again.epoch) == (False, True, 1)
    with pytest.raises(OtherOwner):
        opened(make_key("b"), "s")
    with pytest.raises(HeldElsewhere):
        opened(key, "s", process_id="p2")
    let_lapse()
    taken = opened(key, "s", process_id="p2")
    assert (taken.existed, taken.epoch, taken.was_released) == (True, 2, False)
    with pytest.raises(HeldElsewhere):
        opened(key, "s")
    release_session(session_id="s", process_id="p1", bytes_received=0, audio_duration_s=0.0)
    with pytest.raises(HeldElsewhere):
        opened(key, "s")
    release_session(session_id="s", process_id="p2", bytes_received=0, audio_duration_s=0.0)
    assert opened(key, "s").was_released
    let_lapse()
    finish_abandoned(grace_s=0)
    with pytest.raises(AlreadyFinished):
        opened(key, "s")


def test_a_dead_process_takes_no_place(db: None) -> None:
    """Sessions count against the limit while their client may come back, paused ones too, and no longer."""
    key = make_key("a")
    row = opened(key, "s", max_sessions=1)
    note_state(
        session_id="s",
        process_id="p1",
        paused=True,
        bytes_received=0,
        audio_duration_s=0.0,
        epoch=row.epoch,
    )
    with pytest.raises(NoCapacity):
        opened(key, "t", max_sessions=1)
    release_session(session_id="s", process_id="p1", bytes_received=0, audio_duration_s=0.0)
    with pytest.raises(NoCapacity):
        opened(key, "t", max_sessions=1)
    let_lapse()
    opened(key, "t", max_sessions=1)


def test_leases_are_kept_by_their_holder(db: None) -> None:
    """A process renews what it holds and notes how far it is; another one's is left alone."""
    key = make_key("a")
    opened(key, "s")
    let_lapse()
    progress = [Progress("s", 3200, 0.1, timezone.now().timestamp())]
    assert renew_leases(process_id="p2", progress=progress) == set()
    assert renew_leases(process_id="p1", progress=progress) == {"s"}
    row = RealTimeSession.objects.get(session_id="s")
    assert (row.bytes_received, row.audio_duration_s) == (3200, 0.1)
    assert finish_abandoned(grace_s=0) == []


def test_who_has_lost_a_session_changes_nothing(db: None) -> None:
    """What a process writes after another one has taken the session is refused, or leaves no trace."""
    key = make_key("a")
    opened(key, "s", process_id="zombie")
    let_lapse()
    opened(key, "s", process_id="p1")
    before = RealTimeSession.objects.values().get(session_id="s")
    note_state(
        session_id="s", process_id="zombie", paused=True, bytes_received=9, audio_duration_s=9.0, epoch=1
    )
    release_session(session_id="s", process_id="zombie", bytes_received=9, audio_duration_s=9.0)
    assert renew_leases(process_id="zombie", progress=[Progress("s", 9, 9.0, 0.0)]) == set()
    chunk = FinalChunk(
        chunk_index=0,
        revision=0,
        segment=Segment(0, 0.0, 1.0, "late"),
        model="",
        processing_ms=0.0,
        audio_size_bytes=0,
        times=StepTimes(1.0),
        covers_until_s=1.0,
    )
    finish = Finish(
        session_id="s",
        process_id="zombie",
        status="completed",
        reason="end_session",
        bytes_received=9,
        audio_duration_s=9.0,
        language="",
        metrics={},
        sent={},
    )
    as_zombie = {"session_id": "s", "process_id": "zombie"}
    conversation_id = str(before["conversation_id"])
    with pytest.raises(NotHeld):
        commit_final(**as_zombie, conversation_id=conversation_id, chunk=chunk, sent={})
    with pytest.raises(NotHeld):
        note_cleared(**as_zombie, start_s=0.0, end_s=1.0)
    with pytest.raises(NotHeld):
        check_held(**as_zombie)
    with pytest.raises(NotHeld):
        finish_session(finish=finish)
    assert RealTimeSession.objects.values().get(session_id="s") == before
    assert not RealTimeTranscriptChunk.objects.exists()


def test_a_session_whose_process_is_gone_is_paused(db: None) -> None:
    """REST says so at once, and the janitor writes it down; who holds it again makes it active."""
    key = make_key("a")
    opened(key, "s")
    assert call(key, "sessions/s").json()["status"] == "active"
    let_lapse()
    assert call(key, "sessions/s").json()["status"] == "paused"
    assert pause_lapsed() == 1
    assert RealTimeSession.objects.get(session_id="s").status == "paused"
    renew_leases(process_id="p1", progress=[Progress("s", 0, 0.0, timezone.now().timestamp())])
    assert call(key, "sessions/s").json()["status"] == "active"


def test_an_older_socket_changes_no_state(db: None) -> None:
    """What an older epoch says of a session does not count once a newer socket is there."""
    key = make_key("a")
    older = opened(key, "s")
    opened(key, "s")
    note_state(
        session_id="s",
        process_id="p1",
        paused=True,
        bytes_received=1,
        audio_duration_s=0.0,
        epoch=older.epoch,
    )
    assert RealTimeSession.objects.get(session_id="s").status == "active"


def test_what_a_dead_process_left_is_heard_by_the_pipeline(media: Path, db: None) -> None:
    """After lease and grace the session is interrupted, once, and a run transcribes its recording."""
    key = make_key("a")
    opened(key, "s")
    book = journal.open_journal("s", StreamParameters().audio_format, epoch=0)
    book.append(bytes(64_000))
    book.close()
    assert finish_abandoned(grace_s=60) == []
    let_lapse()
    assert finish_abandoned(grace_s=60) == ["s"]
    assert finish_abandoned(grace_s=60) == []
    row = RealTimeSession.objects.get(session_id="s")
    assert (row.status, row.bytes_received, row.audio_duration_s) == ("interrupted", 64_000, 2.0)
    run = PipelineRun.objects.get(conversation=row.conversation)
    assert run.parameters == {"enhance_on_end": True}
