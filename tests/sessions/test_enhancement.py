"""The enhancement of a live session over REST: asked for at the end or later, once, and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from conversations.models import Conversation, PipelineRun, Version, WorkStatus
from conversations.services.conversations import erase_conversation
from conversations.services.runs import finish_run_if_done
from conversations.services.words import add_live_segment, replace_final_segments
from sessions import journal
from sessions.models import RealTimeSession
from sessions.parameters import StreamParameters
from sessions.services.finishing import Finish, finish_session
from sessions.services.opening import open_session
from tests.sessions.conftest import make_key
from tests.sessions.test_rest import access_of
from transcription.models import Segment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
SCOPES = ("live", "read", "write")
STREAM = "/v1/audio/transcriptions/stream"


def call(key: str, address: str, method: str = "get") -> Any:
    return getattr(Client(headers={"Authorization": f"Bearer {key}"}), method)(address)


def ended_session(key: str, session_id: str = "s", *, recorded: bool = True, **options: Any) -> Conversation:
    """A session that has ended after one word, with its journal."""
    parameters = StreamParameters(**options)
    opened = open_session(
        session_id=session_id,
        access=access_of(key),
        parameters=parameters,
        protocol="transcription-stream",
        process_id="p1",
        engine="",
        model="base",
        max_sessions=10,
        grace_s=60,
    )
    if recorded:
        book = journal.open_journal(session_id, parameters.audio_format, epoch=0)
        book.append(bytes(32_000))
        book.close()
    conversation = Conversation.objects.get(pk=opened.conversation_id)
    add_live_segment(conversation_id=conversation.pk, segment=Segment(0, 0.0, 0.5, "as it was heard"))
    finish_session(
        finish=Finish(
            session_id=session_id,
            status="completed",
            reason="end_session",
            bytes_received=32_000,
            audio_duration_s=1.0,
            language="en",
            metrics={},
            sent={},
        )
    )
    return conversation


def complete(run: PipelineRun, text: str = "as it was said") -> None:
    """The run as its workers would leave it."""
    replace_final_segments(
        conversation_id=run.conversation_id,
        run_number=run.number,
        segments=[Segment(0, 0.0, 0.5, text)],
        speakers=(),
    )
    run.stages.update(status="succeeded")
    assert finish_run_if_done(run_id=run.pk) == WorkStatus.COMPLETED


def test_an_enhancement_asked_for_at_the_end() -> None:
    """Its states from pending to completed; the live words stay beside the enhanced ones."""
    key = make_key(scopes=SCOPES)
    conversation = ended_session(key, enhance_on_end=True, enhance_emotions=True, vocabulary=("Asha",))
    run = PipelineRun.objects.get(conversation=conversation)
    assert run.parameters == {"enhance_on_end": True, "enhance_emotions": True, "vocabulary": ["Asha"]}
    pending = call(key, f"{STREAM}/s/enhancement").json()
    assert pending == {
        "session_id": "s",
        "status": "pending",
        "enhancement_job_id": str(run.pk),
        "job_status": "pending",
        "transcript": None,
        "error": None,
    }
    refused = call(key, f"{STREAM}/s/enhance", "post")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
    complete(run)
    done = call(key, f"{STREAM}/s/enhancement").json()
    assert (done["status"], done["job_status"], done["transcript"]) == (
        "completed",
        "completed",
        "as it was said",
    )
    job = call(key, f"/v1/audio/transcriptions/{run.pk}").json()
    assert (job["source"], job["source_session_id"], job["text"]) == (
        "realtime_enhancement",
        "s",
        "as it was said",
    )
    assert conversation.segments.get(version=Version.LIVE).text == "as it was heard"


def test_an_enhancement_asked_for_later_takes_the_place_of_a_run_under_way() -> None:
    """202 with the job; the run over the live words gives way; a second is refused and names the first; one
    that failed may be tried again."""
    key = make_key(scopes=SCOPES)
    conversation = ended_session(key)
    assert call(key, f"{STREAM}/s/enhancement").json()["status"] == "not_requested"
    accepted = call(key, f"{STREAM}/s/enhance", "post")
    assert accepted.status_code == 202
    first, run = PipelineRun.objects.filter(conversation=conversation).order_by("number")
    assert accepted.json() == {"enhancement_job_id": str(run.pk)}
    assert (first.status, run.status, run.number) == ("cancelled", "pending", 2)
    again = call(key, f"{STREAM}/s/enhance", "post")
    assert (again.status_code, again.json()["error"]["details"]) == (409, {"enhancement_job_id": str(run.pk)})
    run.stages.update(status="failed", error="no model\nat line 3")
    finish_run_if_done(run_id=run.pk)
    failed = call(key, f"{STREAM}/s/enhancement").json()
    assert (failed["status"], failed["job_status"], failed["transcript"]) == ("failed", "failed", None)
    assert failed["error"].startswith("transcription: no model")
    assert call(key, f"{STREAM}/s/enhance", "post").status_code == 202


def test_what_cannot_be_enhanced() -> None:
    """A running session and one without its recording: 409. An unknown one and a stranger's: 404."""
    key, stranger = make_key(scopes=SCOPES), make_key("stranger", SCOPES)
    ended_session(key, "unrecorded", recorded=False)
    refused = call(key, f"{STREAM}/unrecorded/enhance", "post")
    assert (refused.status_code, "not kept" in refused.json()["error"]["message"]) == (409, True)
    ended_session(key)
    RealTimeSession.objects.filter(session_id="s").update(status="paused", ended_at=None)
    assert call(key, f"{STREAM}/s/enhance", "post").status_code == 409
    for who, session_id in ((key, "nobodys"), (stranger, "s")):
        assert call(who, f"{STREAM}/{session_id}/enhance", "post").status_code == 404
        missing = call(who, f"{STREAM}/{session_id}/enhancement")
        assert (missing.status_code, missing.json()["error"]["type"]) == (404, "not_found_error")


def test_a_running_session_that_will_be_enhanced() -> None:
    """Pending, without a job yet."""
    key = make_key(scopes=SCOPES)
    open_session(
        session_id="s",
        access=access_of(key),
        parameters=StreamParameters(enhance_on_end=True),
        protocol="transcribe",
        process_id="p1",
        engine="",
        model="base",
        max_sessions=10,
        grace_s=60,
    )
    found = call(key, f"{STREAM}/s/enhancement").json()
    assert (found["status"], found["enhancement_job_id"]) == ("pending", None)


def test_scopes() -> None:
    """Asking needs `write`, looking `read`."""
    ended_session(make_key(scopes=SCOPES))
    assert call(make_key(scopes=("live", "read")), f"{STREAM}/s/enhance", "post").status_code == 403
    assert call(make_key(scopes=("live", "write")), f"{STREAM}/s/enhancement").status_code == 403


@pytest.mark.parametrize("is_done", [True, False])
def test_an_enhancement_taken_away_leaves_the_session(media: Path, is_done: bool) -> None:
    """The enhanced words go, the live ones and the recording stay; it may be asked for again, and the
    conversation may still be erased."""
    key = make_key(scopes=SCOPES)
    conversation = ended_session(key, enhance_on_end=True)
    run = PipelineRun.objects.get(conversation=conversation)
    if is_done:
        complete(run)
    assert call(key, f"/v1/audio/transcriptions/{run.pk}", "delete").status_code == 204
    assert call(key, f"/v1/audio/transcriptions/{run.pk}").status_code == 404
    assert [s.text for s in conversation.segments.all()] == ["as it was heard"]
    assert call(key, f"{STREAM}/s/enhancement").json()["status"] == "not_requested"
    accepted = call(key, f"{STREAM}/s/enhance", "post")
    assert accepted.status_code == 202
    assert PipelineRun.objects.get(pk=accepted.json()["enhancement_job_id"]).number == 2
    erase_conversation(conversation_id=conversation.pk)
    assert not RealTimeSession.objects.exists()
