"""Recordings and texts that come in, good and bad."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from conversations.api import recording_form
from conversations.models import Conversation, IdempotentRequest, PipelineRun, Segment, Speaker
from conversations.services import uploads
from tests.conversations.conftest import Caller

UPLOADS = "/api/v1/uploads"
TEXTS = "/api/v1/text-processing"


def wav(duration_s: float = 0.5, rate_hz: int = 16_000) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(bytes(2 * int(duration_s * rate_hz)))
    return buffer.getvalue()


def upload(client: Any, content: bytes, name: str = "call.wav", **fields: Any) -> Any:
    headers = fields.pop("headers", {})
    file = SimpleUploadedFile(name, content, content_type="audio/wav")
    return client.post(UPLOADS, {"file": file, **fields}, format="multipart", headers=headers)


def files_under(folder: Any) -> list[Path]:
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def test_a_recording_becomes_a_conversation_with_a_run(owner: User, caller: Caller, settings: Any) -> None:
    """202 with the conversation; its type is read from the bytes, its length from the headers."""
    client = caller(owner)
    response = upload(
        client,
        wav(),
        name="holiday.jpg",
        language="en-GB",
        include_insights="true",
        custom_questions=["A?", "B?"],
    )
    assert response.status_code == 202, response.content
    body = response.json()
    assert (body["source"], body["status"], body["duration"]) == ("upload", "pending", 0.5)
    assert body["language"] == "en-GB"
    row = Conversation.objects.get(pk=body["id"])
    assert str(row.audio).endswith(f"{row.pk}.wav")
    assert row.audio.read() == wav()
    run = PipelineRun.objects.get(conversation=row)
    assert run.parameters == {"include_insights": True, "questions": ["A?", "B?"]}
    assert client.get(UPLOADS).json()["results"][0]["id"] == body["id"]
    assert client.get(f"{UPLOADS}/{row.pk}").json()["id"] == body["id"]


@pytest.mark.parametrize(
    "content",
    [b"", b"this is no audio", b"RIFF\x24\x00\x00\x00WAVEfmt ", b"\x00" * 5000, b"#EXTM3U\nhttp://x/\n"],
)
def test_rubbish_is_refused_and_leaves_nothing(
    owner: User, caller: Caller, settings: Any, content: bytes
) -> None:
    """What is no recording: 415 (an empty file: 400), no row, no file, whatever its name says."""
    response = upload(caller(owner), content)
    assert response.status_code == (415 if content else 400), response.content
    assert response.json()["error"]["code"] == ("unsupported_media_type" if content else "validation_error")
    assert not Conversation.objects.exists()
    assert files_under(settings.MEDIA_ROOT) == []


def test_a_file_over_the_cap_is_refused_before_it_is_kept(
    owner: User, caller: Caller, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """413, by the announced length or by what really comes; nothing stays on the disk."""
    monkeypatch.setattr(recording_form, "MAX_UPLOAD_BYTES", 10_000)
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 10_000)
    response = upload(caller(owner), wav(2.0))
    assert (response.status_code, response.json()["error"]["code"]) == (413, "payload_too_large")
    monkeypatch.setattr(recording_form, "FORM_OVERHEAD_BYTES", 0)
    response = upload(caller(owner), wav(2.0))
    assert response.status_code == 413
    assert files_under(settings.MEDIA_ROOT) == []
    assert not Conversation.objects.exists()


def test_a_recording_that_lasts_too_long_is_refused(
    owner: User, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few bytes it has, a recording over the limit of hours is 413."""
    monkeypatch.setattr(uploads, "MAX_DURATION_S", 1)
    assert upload(caller(owner), wav(2.0, rate_hz=8000)).status_code == 413


def test_an_upload_without_a_file_names_the_field(owner: User, caller: Caller) -> None:
    """A form without `file`, with unknown fields, or a body that is no form."""
    client = caller(owner)
    missing = client.post(UPLOADS, {"language": "en"}, format="multipart")
    assert (missing.status_code, list(missing.json()["error"]["details"])) == (400, ["file"])
    assert "langauge" in upload(client, wav(), langauge="en").json()["error"]["details"]
    assert "language" in upload(client, wav(), language="not a tag").json()["error"]["details"]
    assert client.post(UPLOADS, {"file": "x"}, format="json").status_code == 415


def test_the_same_key_starts_work_once(owner: User, stranger: User, caller: Caller) -> None:
    """A repeated POST gets the first answer; the key with another request is 422; keys are per owner."""
    client = caller(owner)
    key = {"Idempotency-Key": "abc"}
    first = upload(client, wav(), headers=key)
    again = upload(client, wav(), headers=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert Conversation.objects.count() == 1
    other = upload(client, wav(0.25), headers=key)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert upload(caller(stranger), wav(), headers=key).status_code == 202


def test_a_refused_request_leaves_its_key_free(owner: User, caller: Caller) -> None:
    """A mistake is not remembered: the mended request with the same key does its work."""
    client = caller(owner)
    key = {"Idempotency-Key": "abc"}
    assert upload(client, b"rubbish", headers=key).status_code == 415
    assert not IdempotentRequest.objects.exists()
    assert upload(client, wav(), headers=key).status_code == 202


def test_a_text_becomes_segments_speakers_and_a_run(owner: User, caller: Caller) -> None:
    """Lines become the live version; names become speakers; questions go to the run."""
    client = caller(owner)
    response = client.post(
        TEXTS,
        {"text": "Nurse: What is your name?\nCaller: Asha Mwangi.\n", "custom_questions": ["Who calls?"]},
        format="json",
    )
    assert response.status_code == 202, response.content
    body = response.json()
    assert (body["source"], body["duration"]) == ("text", 0.0)
    assert [s["name"] for s in body["speakers"]] == ["Nurse", "Caller"]
    assert Segment.objects.filter(conversation_id=body["id"], version="live").count() == 2
    assert Speaker.objects.filter(conversation_id=body["id"], run_number=0).count() == 2
    run = PipelineRun.objects.get(conversation_id=body["id"])
    assert run.parameters == {"questions": ["Who calls?"]}
    where = f"/api/v1/conversations/{body['id']}"
    assert client.get(f"{where}/transcript").json()["text"] == "What is your name? Asha Mwangi."
    subtitles = client.get(f"{where}/transcript?format=srt")
    assert (subtitles.status_code, subtitles.json()["error"]["code"]) == (409, "conflict")
    assert client.get(f"{where}/audio").status_code == 404
    assert client.get(f"{UPLOADS}/{body['id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": "   \n "}, "text"),
        ({"text": "x" * 50_001}, "text"),
        ({"text": "a\x00b"}, "text"),
        ({"text": 17.5, "titel": "x"}, "titel"),
        ({"text": "x", "custom_questions": "Who?"}, "custom_questions"),
        ({"text": "x", "custom_questions": ["x" * 501]}, "custom_questions"),
        ({"text": "x", "custom_questions": ["?"] * 21}, "custom_questions"),
    ],
)
def test_a_bad_text_names_its_field(owner: User, caller: Caller, body: dict[str, Any], field: str) -> None:
    """Missing, blank, over-long, unknown or misshapen fields: 400, and nothing is started."""
    response = caller(owner).post(TEXTS, body, format="json")
    assert response.status_code == 400
    assert field in response.json()["error"]["details"]
    assert not Conversation.objects.exists()


def test_a_text_of_the_longest_kind_is_taken(owner: User, caller: Caller) -> None:
    """Fifty thousand characters are within the limit."""
    assert caller(owner).post(TEXTS, {"text": "word " * 10_000}, format="json").status_code == 202
