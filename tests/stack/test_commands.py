"""The commands for operators, as processes of their own against a running stack."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ambient.stack.stack import Stack
from tests.stack.conftest import CALL, folded, utterances
from transcription.engines import carried

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
ROOT = Path(__file__).resolve().parents[2]


def manage(stack: Stack, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "AMBIENT_HOME": str(stack.conf.home), **variables}
    for name in ("DATABASE_URL", "REDIS_URL"):
        environment[name] = ""
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=200)


def test_recordings_are_processed_and_run_again(stack: Stack, tmp_path: Path) -> None:
    """Two files with a bar each; JSON has every word of the call; named stages alone can be asked for."""
    recording = tmp_path / "call.flac"
    shutil.copy(CALL.with_suffix(".flac"), recording)
    done = manage(stack, "process", str(recording), str(recording), "--json", "--language", "en")
    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stdout)
    said = folded(" ".join(segment["text"] for segment in utterances()))
    assert folded(first["result"]["transcription"]) == folded(second["result"]["transcription"]) == said
    assert first["file"] == "call.flac"
    assert "completed" in done.stderr

    plain = manage(stack, "process", str(recording), "--stages", "summary")
    assert plain.returncode == 0, plain.stderr
    assert "Done." in plain.stdout


def test_what_cannot_be_processed_says_why(stack: Stack, tmp_path: Path) -> None:
    """A file that is none, one that is no recording, an unknown stage, user and conversation: each a line."""
    (tmp_path / "noise.wav").write_bytes(b"no audio")
    for arguments, reason in (
        (["process", str(tmp_path / "missing.wav")], "No such file"),
        (["process", str(tmp_path / "noise.wav")], "not a recording"),
        (["process", str(tmp_path / "noise.wav"), "--stages", "magic"], "invalid choice"),
        (["process", str(tmp_path / "noise.wav"), "--owner", "nobody"], "no user"),
        (["rerun", "00000000-0000-0000-0000-000000000000"], "no conversation"),
        (["models", "check", "--only", "nothing"], "No model is used by"),
    ):
        done = manage(stack, *arguments)
        assert done.returncode != 0
        assert reason in done.stderr, done.stderr
        assert "Traceback" not in done.stderr


def test_models_are_looked_for(stack: Stack, tmp_path: Path) -> None:
    """A folder is found, and Whisper base, which came along; what the settings name and is not there fails,
    what auto would take does not."""
    options = json.dumps({"entities": {"model": str(tmp_path)}})
    found = manage(stack, "models", "check", "--only", "entities", AMBIENT_STAGE_OPTIONS=options)
    assert found.returncode == 0, found.stderr
    assert str(tmp_path) in found.stdout
    optional = manage(stack, "models", "check", "--only", "diarization", "qa")
    assert optional.returncode == 0, optional.stderr
    assert optional.stdout.count("not used") == 2
    named = {"AMBIENT_LIVE_ENGINE": "faster-whisper", "WEBSOCKET_WHISPER_MODEL": "base"}
    came_along = manage(stack, "models", "check", "--only", "live", **named)
    assert came_along.returncode == 0, came_along.stderr
    assert carried.CARRIERS[0] in came_along.stdout
    needed = manage(stack, "models", "check", "--only", "qa", AMBIENT_QA="transformers")
    assert needed.returncode != 0
    assert "Not there" in needed.stderr
