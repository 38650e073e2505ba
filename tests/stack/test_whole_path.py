"""Speak into a socket, read the words, get the call analysed: through every real process."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ambient.stack.stack import Stack
from tests.stack.conftest import folded, gap_after, spoken_before, talk, until
from transcription.analysis.quality import GROUPS
from transcription.semantic import INTENTS

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
LISTENED_S = gap_after(10)


def test_the_whole_path(
    stack: Stack, call_pcm: bytes, api: httpx.Client, finished: Callable[[str], dict[str, Any]]
) -> None:
    """Every word that was spoken arrives once, as a row before it is sent, and the call is analysed."""
    heard = asyncio.run(talk(stack, until(call_pcm, LISTENED_S), session_id="whole-path", semantics=True))

    assert folded(heard.text) == spoken_before(LISTENED_S)
    ended = heard.of("session_ended")
    assert [message["full_transcript"] for message in ended] == [heard.text]
    assert heard.messages[-1]["type"] == "session_ended"

    revisions: dict[int, list[dict[str, Any]]] = {}
    for message in heard.of("transcript"):
        revisions.setdefault(message["segment_id"], []).append(message)
    assert list(revisions) == list(range(len(heard.finals)))
    for messages in revisions.values():
        assert [message["is_final"] for message in messages].count(True) == 1
        assert messages[-1]["is_final"]
        assert all(a["revision"] < b["revision"] for a, b in itertools.pairwise(messages))
    assert any(not message["is_final"] for message in heard.of("transcript"))

    insights = heard.of("insight")
    intents = {said["segment_ids"][0]: said["text"] for said in insights if said["kind"] == "intent"}
    assert list(intents) == [final["segment_id"] for final in heard.finals]
    assert set(intents.values()) <= set(INTENTS)
    assert {said["kind"] for said in insights} == {"intent", "answer", "rolling_summary"}

    session = api.get("/websocket/sessions/whole-path").raise_for_status().json()
    assert session["status"] == "completed"
    assert [chunk["text"] for chunk in session["chunks"]] == [final["text"] for final in heard.finals]
    for chunk in session["chunks"]:
        steps = ["queued_at", "started_at", "decoded_at", "committed_at", "sent_at"]
        times = [chunk[step] for step in steps]
        assert times == sorted(times)
    assert session["metrics"]["chunks_processed"] == len(heard.finals)
    assert session["metrics"]["steps"]

    conversation = finished(ended[0]["conversation_id"])
    assert conversation["status"] == "completed"
    states = {stage["name"]: stage["status"] for stage in conversation["run"]["stages"]}
    assert states.pop("transcription") == "skipped"
    assert set(states.values()) == {"succeeded"}
    assert {"diarization", "entities", "classification", "qa", "quality", "summary"} <= set(states)
    address = f"/conversations/{conversation['id']}"
    answers = {a["question_id"]: a for a in api.get(f"{address}/questions").json()["results"]}
    assert "robert miller" in answers["name"]["answer"].lower()
    assert answers["name"]["evidence"]
    assert answers["allergies"]["status"] == "not_found"  # asked later in the call
    quality = api.get(f"{address}/quality").json()
    assert {group: len(quality[group]) for group in GROUPS} == {
        name: len(ids) for name, ids in GROUPS.items()
    }
    transcript = api.get(f"{address}/transcript", params={"format": "text", "version": "live"}).text
    assert spoken_before(LISTENED_S).split() == folded(transcript).split()
