"""What people start by hand works against the real stack: the client, an upload, a text."""

from __future__ import annotations

import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from ambient.stack.stack import Stack
from tests.stack.conftest import folded, gap_after, spoken_before, until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
LISTENED_S = gap_after(1)


@pytest.fixture
def recording(call_pcm: bytes, tmp_path: Path) -> Path:
    """The beginning of the call as a WAV file."""
    path = tmp_path / "call.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(until(call_pcm, LISTENED_S))
    return path


def client(stack: Stack, *options: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sessions.client", "--token", stack.key, "--language", "en", *options]
    command += ["--url", stack.address.replace("http", "ws", 1) + "/ws/transcribe"]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=90, check=False)


def test_the_client_streams_a_file(stack: Stack, recording: Path) -> None:
    """`--audio-file` shows every final and ends with exit 0."""
    done = client(stack, "--audio-file", str(recording), "--session-id", "by-hand")
    assert done.returncode == 0, done.stderr
    assert "how can i help you today" in folded(done.stdout)
    assert "session_ended" in done.stdout


def test_the_client_takes_commands(stack: Stack, recording: Path) -> None:
    """`--interactive` plays, asks, configures and ends from the keyboard."""
    done = client(
        stack, "--interactive", stdin=f'ping\nconfig {{"language": "en"}}\nplay {recording}\ninfo\nend\n'
    )
    assert done.returncode == 0, done.stderr
    for kind in ("pong", "config_updated", "session_info", "session_ended"):
        assert f"[{kind}]" in done.stdout


def test_the_client_says_why_it_was_refused(stack: Stack) -> None:
    """A wrong key ends with exit 1 and the server's reason."""
    done = client(stack, "--duration", "1", "--token", "wrong")
    assert done.returncode == 1
    assert "unauthorized" in done.stdout + done.stderr


def as_mp3(pcm: bytes, path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mp3", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = 16_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return path


def test_an_upload_is_transcribed_and_analysed(
    call_pcm: bytes, tmp_path: Path, api: httpx.Client, finished: Callable[[str], dict[str, Any]]
) -> None:
    """A recording of a common format becomes a conversation with words, speakers and findings."""
    path = as_mp3(until(call_pcm, LISTENED_S), tmp_path / "call.mp3")
    with path.open("rb") as file:
        accepted = api.post("/uploads", files={"file": ("call.mp3", file, "audio/mpeg")})
    assert accepted.status_code == 202, accepted.text
    conversation = finished(accepted.json()["id"])
    assert conversation["status"] == "completed"
    stages = {stage["name"]: stage["status"] for stage in conversation["run"]["stages"]}
    assert set(stages.values()) == {"succeeded"}
    heard = api.get(f"/conversations/{conversation['id']}/transcript", params={"format": "v2"}).json()
    assert folded(" ".join(segment["text"] for segment in heard["segments"])) == spoken_before(LISTENED_S)


@pytest.mark.parametrize("body", [b"", b"MZ not audio at all" * 50, b"RIFF\x00\x00\x00\x00WAVEfmt "])
def test_what_is_no_audio_is_refused(api: httpx.Client, body: bytes) -> None:
    """415 with the one error shape, whatever the name says, before anything is started."""
    refused = api.post("/uploads", files={"file": ("call.wav", body, "audio/wav")})
    assert refused.status_code in {400, 415}
    assert refused.json()["error"]["code"]


def test_a_text_is_analysed_without_audio(
    api: httpx.Client, finished: Callable[[str], dict[str, Any]]
) -> None:
    """Text in: the stages that need words run, those that need audio say why they did not."""
    text = (
        "Agent: thank you for calling. How can I help you?\nCaller: My name is Robert Miller. I have a fever."
    )
    accepted = api.post(
        "/text-processing", json={"text": text, "custom_questions": ["What is the name of the caller?"]}
    )
    assert accepted.status_code == 202, accepted.text
    conversation = finished(accepted.json()["id"])
    assert conversation["status"] == "completed"
    stages = {stage["name"]: stage for stage in conversation["run"]["stages"]}
    assert stages["transcription"]["status"] == "skipped"
    assert stages["diarization"]["status"] == "skipped"
    assert stages["diarization"]["skip_reason"]
    assert stages["entities"]["status"] == "succeeded"
