"""The official `openai` client against the real stack: its base URL is changed, and nothing else."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import openai
import pytest
from openai.types import AudioResponseFormat

from ambient.stack.stack import Stack
from conversations.api.transcription_requests import RESPONSE_FORMATS
from tests.docs.pages import ROOT
from tests.stack.conftest import folded, gap_after, spoken_before, talk, until, wav_of
from tests.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
LISTENED_S = gap_after(1)


@pytest.fixture
def client(stack: Stack) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=stack.key, base_url=f"{stack.address}/v1") as made:
        yield made


@pytest.fixture
def recording(call_pcm: bytes, tmp_path: Path) -> Path:
    return wav_of(until(call_pcm, LISTENED_S), tmp_path / "call.wav")


@pytest.fixture
def v1(stack: Stack) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {stack.key}"}
    with httpx.Client(base_url=f"{stack.address}/v1/audio", headers=headers, timeout=30) as made:
        yield made


def test_the_transcript_in_json(client: openai.OpenAI, recording: Path) -> None:
    """The common call, with what such clients send along, waits and has every word."""
    heard = client.audio.transcriptions.create(
        file=recording, model="whisper-1", language="en", prompt="A clinic.", temperature=0.0
    )
    assert folded(heard.text) == spoken_before(LISTENED_S)


def test_segments_and_words_in_verbose_json(client: openai.OpenAI, recording: Path) -> None:
    """Both granularities come with times, and what the decoder's figures are not known of is null."""
    heard = client.audio.transcriptions.create(
        file=recording,
        model="accurate",
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert folded(heard.text) == spoken_before(LISTENED_S)
    assert heard.duration == pytest.approx(LISTENED_S, abs=0.01)
    assert heard.segments
    assert heard.words
    assert folded(" ".join(segment.text for segment in heard.segments)) == folded(heard.text)
    assert folded(" ".join(word.word for word in heard.words)) == folded(heard.text)
    assert all(word.start <= word.end <= LISTENED_S for word in heard.words)
    assert heard.segments[0].avg_logprob is None


@pytest.mark.parametrize(("shape", "start"), [("text", ""), ("srt", "1\n00:00:"), ("vtt", "WEBVTT\n\n")])
def test_the_plain_shapes_are_text(client: openai.OpenAI, recording: Path, shape: Any, start: str) -> None:
    """Text, SRT and WebVTT come as they are, without speakers."""
    heard: str = client.audio.transcriptions.create(file=recording, model="", response_format=shape)
    assert heard.startswith(start)
    assert "SPEAKER" not in heard
    if shape == "text":
        assert folded(heard) == spoken_before(LISTENED_S)


def test_the_example_of_the_docs(stack: Stack, recording: Path) -> None:
    """docs/examples/rest/openai_client.py runs as it stands there."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "examples" / "rest" / "openai_client.py"), str(recording)],
        env={**os.environ, "KEY": stack.key, "URL": stack.address},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "how can i help you" in folded(done.stdout)


def test_every_shape_is_one_that_the_client_knows() -> None:
    """What we take as `response_format` is what the client may send."""
    assert set(RESPONSE_FORMATS) <= set(get_args(AudioResponseFormat))


def test_the_asynchronous_client_and_way(stack: Stack, recording: Path, v1: httpx.Client) -> None:
    """`Prefer: respond-async` answers with the job's id at once; the job becomes the whole story."""

    async def post() -> Any:
        async with openai.AsyncOpenAI(api_key=stack.key, base_url=f"{stack.address}/v1") as made:
            accepted = await made.audio.transcriptions.with_raw_response.create(
                file=recording, model="whisper-1", extra_headers={"Prefer": "respond-async"}
            )
            return accepted.http_response

    accepted = asyncio.run(post())
    assert (accepted.status_code, accepted.headers["Preference-Applied"]) == (202, "respond-async")
    assert accepted.json()["status"] == "pending"
    job = finished_job(v1, accepted.json()["id"])
    assert (job["status"], job["source"]) == ("completed", "upload")
    assert folded(job["text"]) == spoken_before(LISTENED_S)
    assert [stage["name"] for stage in job["stages"]] == ["transcription", "diarization"]
    assert {segment["speaker"] for segment in job["segments"]} == {s["label"] for s in job["speakers"]}
    subtitles = v1.get(f"/transcriptions/{job['id']}/export", params={"format": "srt"})
    assert subtitles.text.startswith("1\n")
    assert v1.delete(f"/transcriptions/{job['id']}").status_code == 204
    assert v1.get(f"/transcriptions/{job['id']}").status_code == 404


def finished_job(v1: httpx.Client, job_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        job: dict[str, Any] = v1.get(f"/transcriptions/{job_id}").raise_for_status().json()
        return None if job["status"] in {"pending", "running"} else job

    return wait_for(look, timeout_s=120, what="the end of the transcription")


def test_the_clients_own_errors(stack: Stack, client: openai.OpenAI, recording: Path) -> None:
    """A wrong key, bytes that are no audio and an unknown model are the exceptions that the client has."""
    with pytest.raises(openai.AuthenticationError) as wrong_key:
        client.with_options(api_key="wrong").audio.transcriptions.create(file=recording, model="whisper-1")
    assert (wrong_key.value.code, wrong_key.value.type) == ("authentication_failed", "authentication_error")
    with pytest.raises(openai.BadRequestError) as bad_file:
        client.audio.transcriptions.create(file=("call.wav", b"no audio at all" * 50), model="whisper-1")
    assert (bad_file.value.param, bad_file.value.type) == ("file", "invalid_request_error")
    with pytest.raises(openai.BadRequestError) as bad_model:
        client.audio.transcriptions.create(file=recording, model="somebody-elses")
    assert bad_model.value.param == "model"


def test_a_live_session_is_enhanced(stack: Stack, call_pcm: bytes, v1: httpx.Client) -> None:
    """What was spoken into a socket is transcribed again when that is asked for, once, beside the live words;
    the job and the session name each other."""
    spoken = asyncio.run(talk(stack, until(call_pcm, LISTENED_S), session_id="to-enhance"))
    where = "/transcriptions/stream/to-enhance"
    assert v1.get(f"{where}/enhancement").json()["status"] == "not_requested"
    accepted = v1.post(f"{where}/enhance")
    assert accepted.status_code == 202, accepted.text
    job_id = accepted.json()["enhancement_job_id"]
    again = v1.post(f"{where}/enhance")
    assert (again.status_code, again.json()["error"]["details"]["enhancement_job_id"]) == (409, job_id)
    job = finished_job(v1, job_id)
    assert (job["status"], job["source_session_id"]) == ("completed", "to-enhance")
    found = v1.get(f"{where}/enhancement").json()
    assert (found["status"], found["enhancement_job_id"]) == ("completed", job_id)
    assert folded(found["transcript"]) == folded(job["text"]) == spoken_before(LISTENED_S)
    versions = {
        version: httpx.get(
            f"{stack.address}/api/v1/conversations/{job['conversation_id']}/transcript",
            params={"version": version},
            headers={"Authorization": f"Bearer {stack.key}"},
        ).json()
        for version in ("live", "final")
    }
    assert versions["live"]["text"] == spoken.text
    assert (versions["live"]["run"], versions["final"]["run"]) == (0, 2)
