"""The event streams of `/audio/*` through the real server, read by the clients that people use."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from typing import Any

import httpx
import httpx_sse
import pytest
import sseclient

from ambient.stack.stack import Stack
from tests.browser import chromium
from tests.stack.conftest import CALL
from tests.stack.disturbing import kill_with_its_children

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
ENDS = {"completed", "failed", "cancelled", "timeout"}


@pytest.fixture
def client(stack: Stack) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {stack.key}"}
    with httpx.Client(base_url=stack.address, headers=headers, timeout=120) as client:
        yield client


def recording() -> dict[str, Any]:
    return {"audio": ("call.flac", CALL.with_suffix(".flac").read_bytes(), "audio/flac")}


def is_whole(events: list[dict[str, Any]]) -> bool:
    """One greeting, one end with the words of the call, progress that never runs backwards between them."""
    progress = [event["progress"] for event in events if event.get("progress") is not None]
    return (
        [event["status"] in ENDS for event in events].count(True) == 1
        and events[-1]["status"] == "completed"
        and bool(events[-1]["result"]["transcription"])
        and progress == sorted(progress)
    )


def json_of(event: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(event.data)
    return body


def with_data(events: Iterable[httpx_sse.ServerSentEvent]) -> list[httpx_sse.ServerSentEvent]:
    """httpx-sse gives an event for a block that is an id alone, too; its data is empty."""
    return [event for event in events if event.data]


def test_the_simple_loop_reads_a_stream(client: httpx.Client) -> None:
    """A POST is answered as it goes: split on blank lines, parse what follows `data: `."""
    events = []
    with client.stream("POST", "/audio/process-stream-realtime", files=recording()) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-cache"
        assert response.headers["x-accel-buffering"] == "no"
        rest = ""
        for text in response.iter_text():
            *blocks, rest = (rest + text).split("\n\n")
            events += [json.loads(block[6:]) for block in blocks if block.startswith("data: ")]
    assert rest == ""
    assert events[0]["status"] == "submitted"
    assert is_whole(events)
    steps = [event.get("step") for event in events]
    assert steps.index("transcription_partial") < steps.index("transcription_complete")
    pieces = [
        e["partial_result"]["transcript_chunk"] for e in events if e.get("step") == "transcription_partial"
    ]
    assert " ".join(pieces) == events[-1]["result"]["transcription"]
    assert {"diarization_complete", "entity_extraction_complete", "summarization_complete"} <= set(steps)


def test_two_libraries_read_a_stream_and_come_back(client: httpx.Client) -> None:
    """httpx-sse and sseclient-py see every event; with Last-Event-ID they get the rest alone."""
    task_id = client.post("/audio/process", files=recording()).raise_for_status().json()["task_id"]
    path = f"/audio/task/{task_id}/events"
    with httpx_sse.connect_sse(client, "GET", path) as source:
        first = with_data(source.iter_sse())
    assert is_whole([event.json() for event in first])
    cut = len(first) // 2
    with client.stream("GET", path, headers={"Last-Event-ID": first[cut].id}) as response:
        later = list(sseclient.SSEClient(response.iter_bytes()).events())
    # sseclient-py keeps no id of a block that has no data: what is compared is what was said, and when.
    said = [[body.get(name) for name in ("status", "step", "message")] for body in map(json_of, later)]
    assert said == [
        [event.json().get(name) for name in ("status", "step", "message")] for event in first[cut + 1 :]
    ]
    assert json_of(later[-1])["status"] == "completed"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_curl_reads_a_stream(stack: Stack, tmp_path: Any) -> None:
    """`curl -N` with a form, as the page shows it."""
    path = tmp_path / "call.flac"
    shutil.copy(CALL.with_suffix(".flac"), path)
    command = ["curl", "-sN", "-H", f"Authorization: Bearer {stack.key}", "-F", f"audio=@{path}"]
    done = subprocess.run(
        [*command, f"{stack.address}/audio/process-stream"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    events = [json.loads(line[6:]) for line in done.stdout.splitlines() if line.startswith("data: ")]
    assert is_whole(events)


def test_a_browser_reads_a_stream(stack: Stack, client: httpx.Client) -> None:
    """EventSource, with a token in the address, hears everything to the end, ids included."""
    task_id = client.post("/audio/process", files=recording()).raise_for_status().json()["task_id"]
    token = (
        client.post("/api/v1/tokens", json={"scope": "read", "ttl": 300}).raise_for_status().json()["token"]
    )
    script = """([address]) => new Promise((resolve) => {
      const said = [];
      const source = new EventSource(address);
      source.onmessage = (event) => {
        const body = JSON.parse(event.data);
        said.push([event.lastEventId, body]);
        if (["completed", "failed", "cancelled", "timeout"].includes(body.status)) {
          source.close();
          resolve(said);
        }
      };
    })"""
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{stack.address}/")
        said = page.evaluate(script, [f"/audio/task/{task_id}/events?token={token}"])
    assert is_whole([body for _, body in said])
    numbers = [int(number) for number, _ in said]
    assert numbers == sorted(numbers)


def test_a_killed_worker_costs_no_reader_its_end(stack: Stack, client: httpx.Client) -> None:
    """The batch worker dies in the middle; the stream goes on over its successor to one terminal event."""
    events: list[dict[str, Any]] = []
    with httpx_sse.connect_sse(client, "POST", "/audio/process-stream", files=recording()) as source:
        for number, event in enumerate(source.iter_sse()):
            if number == 1:
                kill_with_its_children(stack, "batch")
            if event.data:
                events.append(event.json())
    assert [event["status"] in ENDS for event in events].count(True) == 1
    assert events[-1]["status"] == "completed"
