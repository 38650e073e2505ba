"""`/v1/audio/transcriptions`: what comes in, what a job says of itself, how it is taken away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from conversations.models import Conversation, PipelineRun, Stage, StageRun, UnclaimedFile, WorkStatus
from conversations.services import stage_runs, unclaimed
from conversations.services.runs import advance_run, cancel_run, finish_run_if_done, start_run
from conversations.services.uploads import create_upload, received
from conversations.services.words import SpeakerFigures, replace_final_segments
from tests.conversations.conftest import Caller, segment
from tests.conversations.test_intake import files_under, wav

URL = "/v1/audio/transcriptions"
VERBOSE = {"response_format": "verbose_json"}
WORDS = ("good morning", "my name is asha")


def post(client: Any, content: bytes | None = None, **fields: Any) -> Any:
    headers = fields.pop("headers", {})
    file = SimpleUploadedFile("call.wav", wav() if content is None else content, content_type="audio/wav")
    return client.post(URL, {"file": file, **fields}, format="multipart", headers=headers)


def run_of(response: Any) -> PipelineRun:
    assert response.status_code == 202, response.content
    return PipelineRun.objects.select_related("conversation").get(pk=response.json()["id"])


def end(run: PipelineRun, **ends: Any) -> None:
    """Bring a run to its end: each stage succeeds with the output given, or fails where that is an
    exception; a transcription writes WORDS."""
    advance_run(run_id=run.pk)
    for row in run.stages.order_by("position"):
        stage = stage_runs.claim_stage(stage_run_id=row.pk, task_id="t")
        if stage is None:
            continue
        ending = ends.get(row.name)
        if isinstance(ending, Exception):
            stage_runs.fail_stage(stage_run_id=row.pk, attempt=1, error=str(ending), retry=False)
        else:
            stage_runs.finish_stage(
                stage_run_id=row.pk,
                attempt=1,
                output=ending,
                engine="made-up",
                model="none",
                engine_version="1",
                record=write_words if row.name == Stage.TRANSCRIPTION else None,
            )
        advance_run(run_id=run.pk)
    finish_run_if_done(run_id=run.pk)


def write_words(stage: StageRun) -> None:
    replace_final_segments(
        conversation_id=stage.run.conversation_id,
        run_number=stage.run.number,
        segments=[segment(n, text, speaker=f"SPEAKER_0{n}") for n, text in enumerate(WORDS)],
        speakers=[SpeakerFigures("SPEAKER_01", talk_time_s=1.0, talk_ratio=1.0, num_turns=1, name="Asha")],
    )


def test_a_recording_becomes_a_job(owner: User, caller: Caller) -> None:
    """202 with id and status; words and speakers are what is done, with what was asked for."""
    response = post(
        caller(owner), model="accurate", language="en", prompt="A clinic.", temperature="0.2", stream="false"
    )
    run = run_of(response)
    assert response.json() == {"id": str(run.pk), "status": "pending"}
    assert response.headers["Location"] == f"{URL}/{run.pk}"
    assert run.parameters == {
        "stages": ["transcription", "diarization"],
        "word_timestamps": False,
        "model": "accurate",
        "prompt": "A clinic.",
    }
    assert list(run.stages.values_list("name", flat=True)) == ["transcription", "diarization"]
    assert (run.conversation.source, run.conversation.language) == ("upload", "en")


def test_what_a_job_says_while_it_goes_and_when_it_is_done(owner: User, caller: Caller) -> None:
    """Pending, running, completed: the text comes with the words, the optional fields where they are."""
    client = caller(owner)
    fields: dict[str, Any] = {
        "response_format": "verbose_json",
        "timestamp_granularities[]": ["word", "segment"],
        "enhance_emotions": "true",
        "enhance_llm_cleanup": "true",
    }
    run = run_of(post(client, **fields))
    where = f"{URL}/{run.pk}"
    pending = client.get(where).json()
    assert (pending["status"], pending["text"], pending["segments"]) == ("pending", None, [])
    assert not {"completed_at", "error", "source_session_id"} & set(pending)
    advance_run(run_id=run.pk)
    assert client.get(where).json()["status"] == "running"
    refused = client.get(f"{where}/export?format=srt")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_ready")
    emotion = {"segment_id": 1, "emotion": "calm", "valence": 0.6, "arousal": None, "confidence": 0.9}
    end(run, cleanup={"segments": [{"segment_id": 0, "raw": "", "text": "Good morning."}]}, emotion=[emotion])
    done = client.get(where).json()
    assert (done["status"], done["text"]) == ("completed", "good morning my name is asha")
    assert (done["source"], done["duration"], done["warnings"]) == ("upload", 0.5, [])
    assert done["completed_at"] >= done["created_at"]
    assert done["parameters"] == {
        "speaker_detection": True,
        "word_timestamps": True,
        "llm_cleanup": True,
        "detect_emotions": True,
    }
    first, second = done["segments"]
    assert (first["id"], first["text"], first["speaker"]) == (0, "good morning", "SPEAKER_00")
    assert [word["word"] for word in first["words"]] == ["good", "morning"]
    assert first["cleaned_text"] == "Good morning."
    assert second["emotion"] == {"emotion": "calm", "valence": 0.6, "arousal": None, "confidence": 0.9}
    assert done["speakers"] == [
        {"id": "SPEAKER_01", "label": "SPEAKER_01", "name": "Asha", "total_talk_time": 1.0}
    ]
    assert [(s["name"], s["status"], s["engine"]) for s in done["stages"]] == [
        (name, "succeeded", "made-up") for name in ("transcription", "diarization", "cleanup", "emotion")
    ]


def test_a_partial_run_is_completed_with_warnings(owner: User, caller: Caller) -> None:
    """The failed stage is named, and the words are there."""
    client = caller(owner)
    run = run_of(post(client))
    end(run, diarization=RuntimeError("no voices\nat line 3"))
    job = client.get(f"{URL}/{run.pk}").json()
    assert (job["status"], job["text"]) == ("completed", " ".join(WORDS))
    assert job["warnings"] == [{"stage": "diarization", "message": "no voices"}]


def test_a_failed_or_cancelled_job_says_why(owner: User, caller: Caller) -> None:
    """No text, and the reason."""
    client = caller(owner)
    failed, cancelled = run_of(post(client)), run_of(post(client))
    end(failed, transcription=RuntimeError("no model"))
    cancel_run(run_id=cancelled.pk)
    said = [client.get(f"{URL}/{run.pk}").json() for run in (failed, cancelled)]
    assert [(job["status"], job["error"]) for job in said] == [
        ("failed", "transcription: no model"),
        ("cancelled", "cancelled"),
    ]
    assert [job["text"] for job in said] == [None, None]


@pytest.mark.parametrize(
    ("wanted", "start", "content_type"),
    [
        ("srt", "1\n00:00:00,000 --> 00:00:01,000\nSPEAKER_00: good morning", "application/x-subrip"),
        ("vtt", "WEBVTT\n\n0\n", "text/vtt"),
        ("txt", "SPEAKER_00: good morning\nAsha: my", "text/plain"),
        ("json", "{", "application/json"),
    ],
)
def test_a_job_as_a_file(owner: User, caller: Caller, wanted: str, start: str, content_type: str) -> None:
    """Each format under its type, to be saved under a name of its own."""
    client = caller(owner)
    run = run_of(post(client))
    end(run)
    response = client.get(f"{URL}/{run.pk}/export?format={wanted}")
    assert (response.status_code, response.headers["Content-Type"].split(";")[0]) == (200, content_type)
    assert response.content.decode().startswith(start)
    assert f'filename="transcription-{run.pk}.{wanted}"' in response.headers["Content-Disposition"]
    assert client.get(f"{URL}/{run.pk}/export?format=docx").json()["error"]["param"] == "format"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"content": b"no audio at all" * 9}, "file"),
        ({"content": b""}, "file"),
        ({"model": "somebody-elses"}, "model"),
        ({"language": "not a tag"}, "language"),
        ({"response_format": "diarized_json"}, "response_format"),
        ({"stream": "true"}, "stream"),
        ({"temperature": "2"}, "temperature"),
        ({"timestamp_granularities[]": "word"}, "timestamp_granularities[]"),
        (
            {"response_format": "verbose_json", "timestamp_granularities[]": "line"},
            "timestamp_granularities[]",
        ),
        ({"langauge": "en"}, "langauge"),
    ],
)
def test_a_wrong_field_is_400_and_named(
    owner: User, caller: Caller, settings: Any, fields: dict[str, Any], param: str
) -> None:
    """One body for both kinds of reader: `code`, `message`, `details` and `type`, `param`."""
    response = post(caller(owner), **fields)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["type"], error["param"]) == (
        400,
        "validation_error",
        "invalid_request_error",
        param,
    )
    assert param in error["details"]
    assert error["message"].startswith(param)
    assert not Conversation.objects.exists()
    assert files_under(settings.MEDIA_ROOT) == []


def test_scopes_and_owners(owner: User, stranger: User, caller: Caller) -> None:
    """Creating and taking away need `write`, reading needs `read`; a stranger's job does not exist, nor does
    a text's run or an id that no database can hold."""
    run = run_of(post(caller(owner, "write")))
    where = f"{URL}/{run.pk}"
    assert post(caller(owner, "read")).status_code == 403
    assert caller(owner, "write").get(where).status_code == 403
    assert caller(owner, "read").delete(where).status_code == 403
    other = caller(stranger)
    for method, address in (("get", where), ("get", f"{where}/export"), ("delete", where)):
        refused = getattr(other, method)(address)
        assert (refused.status_code, refused.json()["error"]["type"]) == (404, "not_found_error")
    text = Conversation.objects.create(owner=owner, source="text")
    for job_id in (start_run(conversation_id=text.pk, parameters={}).pk, 10**30):
        assert caller(owner).get(f"{URL}/{job_id}").status_code == 404


def test_the_same_key_starts_one_job(owner: User, caller: Caller, settings: Any) -> None:
    """A repeated POST names the first job and leaves no second recording; another request is 422."""
    client, headers = caller(owner), {"Idempotency-Key": "abc"}
    first, again = post(client, headers=headers), post(client, headers=headers)
    assert first.json() == again.json()
    assert post(client, wav(0.25), headers=headers).status_code == 422
    assert PipelineRun.objects.count() == 1
    assert len(files_under(settings.MEDIA_ROOT)) == 1
    assert not UnclaimedFile.objects.exists()


def test_taking_a_job_away(owner: User, caller: Caller, settings: Any) -> None:
    """Of a recording that was sent in nothing stays, while it is under way too."""
    client = caller(owner)
    for is_done in (True, False):
        run = run_of(post(client))
        if is_done:
            end(run)
        assert client.delete(f"{URL}/{run.pk}").status_code == 204
        assert client.get(f"{URL}/{run.pk}").status_code == 404
    assert not Conversation.objects.exists()
    assert files_under(settings.MEDIA_ROOT) == []


class TestUnclaimedFiles:
    """No file outlives the request that brought it, unless a conversation has it."""

    def test_a_refused_transaction_leaves_no_file(self, owner: User, settings: Any) -> None:
        """Where the rows cannot be written, file and mark go."""
        recording_of = ContentFile(wav(), name="call.wav")
        with pytest.raises(RuntimeError), received(recording_of):
            raise RuntimeError("between storing and the rows")
        assert files_under(settings.MEDIA_ROOT) == []
        assert not UnclaimedFile.objects.exists()

    def test_what_a_dead_process_left_is_swept(self, owner: User, settings: Any) -> None:
        """A file that nothing claimed is taken away once it is old, and not before; a claimed one stays."""
        unclaimed.store_unclaimed(name="recordings/left.wav", content=ContentFile(wav()))
        with received(ContentFile(wav(), name="call.wav")) as recording:
            kept = create_upload(owner_id=owner.pk, recording=recording, title="", language="", parameters={})
        assert unclaimed.sweep_unclaimed(created_before=timezone.now() - timedelta(hours=1)) == []
        assert len(files_under(settings.MEDIA_ROOT)) == 2
        assert unclaimed.sweep_unclaimed(created_before=timezone.now()) == ["recordings/left.wav"]
        [file] = files_under(settings.MEDIA_ROOT)
        assert str(file).endswith(str(kept.conversation.audio))

    def test_what_was_swept_cannot_be_claimed(self, owner: User) -> None:
        """A conversation never points at a file that is gone."""
        with received(ContentFile(wav(), name="call.wav")) as recording:
            unclaimed.sweep_unclaimed(created_before=timezone.now())
            with pytest.raises(unclaimed.ClaimLostError):
                create_upload(owner_id=owner.pk, recording=recording, title="", language="", parameters={})
        assert not Conversation.objects.exists()


def test_every_state_of_a_run_is_one_of_a_job() -> None:
    """The table of states has a line for each."""
    from conversations.jobs import JOB_STATES, JOB_STATUS

    assert set(JOB_STATUS) == set(WorkStatus)
    assert set(JOB_STATUS.values()) == set(JOB_STATES)
