"""Every call of docs/rest.md, as it stands there, against a running installation."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from ambient.stack.stack import Stack
from sessions.client import LiveClient
from tests.docs.pages import blocks, page
from tests.stack.conftest import CALL, gap_after, talk, until

pytestmark = [
    pytest.mark.stack,
    pytest.mark.timeout(180),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine"),
]
PRELUDE = """set -euo pipefail
curl() { command curl --silent --show-error --fail-with-body "$@"; echo; }
"""


def test_every_call_of_the_page(
    stack: Stack,
    api: httpx.Client,
    finished: Callable[[str], dict[str, Any]],
    call_pcm: bytes,
    tmp_path: Path,
) -> None:
    """With ids of uploads that are analysed, of sessions that run and that ended, no call is refused."""
    shutil.copy(CALL.with_suffix(".flac"), tmp_path / "call.wav")  # the bytes say what it is
    with (tmp_path / "call.wav").open("rb") as recording:
        sent = api.post("/uploads", files={"file": recording}, data={"language": "en"}).raise_for_status()
    conversation = finished(sent.json()["id"])
    assert conversation["status"] == "completed"

    calls = "".join(blocks(page("docs/rest.md"), "sh")).replace("http://127.0.0.1:8000", stack.address)
    with (tmp_path / "call.wav").open("rb") as recording:
        sent = api.post("/uploads", files={"file": recording}).raise_for_status()
    job = finished(sent.json()["id"])["run"]["id"]
    asyncio.run(talk(stack, until(call_pcm, gap_after(0)), session_id="that-ended"))
    questions = [{"key": "order", "text": "Which order is it about?"}]
    made = api.post("/question-sets", json={"name": "A set", "questions": questions}).raise_for_status()
    labels = [{"name": "return", "description": "send back"}]
    sorted_into = api.post("/taxonomies", json={"name": "A taxonomy", "labels": labels}).raise_for_status()
    places = {
        "SET": str(made.json()["id"]),
        "TAXONOMY": str(sorted_into.json()["id"]),
        "ID": conversation["id"],
        "SESSION": "of-the-page",
        "JOB": str(job),
        "ENDED": "that-ended",
    }
    environment = {**os.environ, "KEY": stack.key, **places}

    async def while_a_session_runs() -> subprocess.CompletedProcess[str]:
        url = stack.address.replace("http", "ws", 1) + "/ws/transcribe"
        async with LiveClient(url, token=stack.key, session_id="of-the-page"):
            return await asyncio.to_thread(
                subprocess.run,
                ["bash", "-c", PRELUDE + calls],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=90,
                check=False,
            )

    done = asyncio.run(while_a_session_runs())

    assert done.returncode == 0, f"{done.stdout[-500:]}\n{done.stderr}"
    assert (tmp_path / "part.flac").stat().st_size == 1024
    assert api.get(f"/conversations/{conversation['id']}").status_code == 404
