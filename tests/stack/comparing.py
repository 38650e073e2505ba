"""What a disturbed session has to have come to: what an undisturbed one comes to, and no row twice."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import httpx
import psycopg
from psycopg.rows import scalar_row

from ambient.stack.places import embedded_database_url
from ambient.stack.stack import Stack
from tests.stack.conftest import folded

OVERLAP_S = 0.05
"""Of neighbouring finals: their times are rounded to milliseconds and words may touch."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`words`: what the conversation's best version says. `live_words`: its live version, None where it was
    left to the recording."""

    status: str
    end_reason: str
    conversation_status: str
    words: str
    live_words: str
    chunk_words: str
    num_runs: int
    bytes_received: int


def outcome_of(stack: Stack, api: httpx.Client, session_id: str) -> Outcome:
    """How a session ended, from REST and rows; its run is over. Fails where a row is there twice."""
    session: dict[str, Any] = api.get(f"/websocket/sessions/{session_id}").raise_for_status().json()
    address = f"/conversations/{session['conversation_id']}"
    conversation: dict[str, Any] = api.get(address).raise_for_status().json()
    chunks = session["chunks"]
    assert [chunk["chunk_index"] for chunk in chunks] == list(range(len(chunks)))
    in_order([(chunk["start_time"], chunk["end_time"]) for chunk in chunks])
    live, best = (_segments(api, address, version) for version in ("live", ""))
    in_order([(segment["start"], segment["end"]) for segment in best])
    with psycopg.connect(embedded_database_url(stack.conf.home), row_factory=scalar_row) as database:
        num_runs = database.execute(
            "select count(*) from conversations_pipelinerun where conversation_id = %s", [conversation["id"]]
        ).fetchone()
    return Outcome(
        status=session["status"],
        end_reason=session["end_reason"],
        conversation_status=conversation["status"],
        words=_words(best),
        live_words=_words(live),
        chunk_words=_words(chunks),
        num_runs=int(num_runs or 0),
        bytes_received=session["bytes_received"],
    )


def in_order(spans: list[tuple[float, float]]) -> None:
    """Each begins where the one before it has ended."""
    for (_, end_s), (start_s, _) in pairwise(spans):
        assert start_s >= end_s - OVERLAP_S, f"{spans} overlap"


def _segments(api: httpx.Client, address: str, version: str) -> list[dict[str, Any]]:
    query = {"format": "v2", **({"version": version} if version else {})}
    answer = api.get(f"{address}/transcript", params=query)
    if answer.status_code == 404:  # it has no words of that version
        return []
    segments: list[dict[str, Any]] = answer.raise_for_status().json()["segments"]
    return segments


def _words(pieces: list[dict[str, Any]]) -> str:
    return folded(" ".join(piece["text"] for piece in pieces))
