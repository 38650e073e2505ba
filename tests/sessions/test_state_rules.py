"""The state rules of the segment stream over real sockets: what events say, what REST says, what is final."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, suppress
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.test import Client
from websockets.asyncio.client import ClientConnection

from sessions import store
from tests.sessions.conftest import LiveServer
from tests.sessions.support import ClockReader, silence, speech, words_between
from tests.sessions.test_segment_stream_socket import frames_of, start
from tests.sessions.test_transcribe_socket import of_type, opened, rest
from tests.sessions.test_watch_socket import applied, rows_of_running, watched
from transcription.models import Transcript

ENOUGH_S = 30
QUIET_S = 0.3


def document(key: str, conversation_id: UUID) -> dict[str, Any]:
    answer = Client(headers={"Authorization": f"Bearer {key}"}).get(
        f"/api/v1/conversations/{conversation_id}/transcript?format=v2&version=live"
    )
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def compared(segments: Any) -> list[tuple[Any, ...]]:
    """What both sides say of a segment; a final's revision stays on the wire."""
    return [
        (s["id"], s["start"], s["end"], s["text"], s["revision"] if s.get("partial") else None)
        for s in segments
    ]


async def hear(watcher: ClientConnection, messages: list[dict[str, Any]]) -> None:
    """Add what comes until it is quiet."""
    with suppress(TimeoutError):
        while True:
            messages.append(json.loads(await asyncio.wait_for(watcher.recv(), QUIET_S)))


async def test_events_rebuild_what_rest_returns(server: LiveServer, worker: ClockReader, key: str) -> None:
    """A watcher's state equals the v2 document, while a segment is open and when all is over; who ignores
    `partial` sees finals only."""
    async with AsyncExitStack() as stack:
        socket, watcher = await watched(stack, server, key, "state")
        row, _ = await store.run(rows_of_running, "state")
        for piece in (speech(2), silence(1), speech(2)):
            await socket.send(piece)
        messages: list[dict[str, Any]] = []
        live: dict[str, Any] = {"segments": []}
        async with asyncio.timeout(ENOUGH_S):
            while len(live["segments"]) < 2 or compared(live["segments"]) != compared(
                applied(messages).values()
            ):
                await hear(watcher, messages)
                live = await store.run(document, key, row.conversation_id)
        assert [segment.get("partial", False) for segment in live["segments"]] == [False, True]
        stream = live["meta"]["stream"]
        assert (stream["session_id"], stream["stream_version"]) == ("state", 1)
        assert set(stream["features"].values()) == {False}
        assert stream["seq"] == max(message["seq"] for message in messages) + 1
        assert [s.text for s in Transcript.from_json(live).finals] == [" ".join(words_between(0, 2))]
        await socket.send('{"type":"end_session"}')
        await rest(socket)
        messages += (await rest(watcher))[0]
    over = await store.run(document, key, row.conversation_id)
    assert compared(over["segments"]) == compared(applied(messages).values())


async def test_revisions_count_up_and_finals_stay(server: LiveServer, worker: ClockReader, key: str) -> None:
    """A segment's revision grows by one each time its reader hears of it anew, ends with its final, and never
    moves after that; a segment is final only when the silence that closes its utterance has come."""
    audio = speech(3) + silence(1) + speech(2)
    async with opened(server, key, "/ws/stream") as socket:
        await start(socket, interim_results=True)
        for frame in frames_of(audio):
            await socket.send(frame)
            await asyncio.sleep(0.03)
        await socket.send('{"type":"stop"}')
        messages, _ = await rest(socket)
    segments = [message["segment"] for message in messages if "segment" in message]
    assert {segment["id"] for segment in segments} == {0, 1}
    for number in (0, 1):
        said = [segment for segment in segments if segment["id"] == number]
        revisions = [segment["revision"] for segment in said]
        assert all(later > earlier for earlier, later in pairwise(revisions))
        assert [segment["partial"] for segment in said] == [True] * (len(said) - 1) + [False]
    assert applied(messages) == applied(messages + messages[::-1])
    finals = of_type(messages, "segment_finalized")
    for left_out in range(1, 4):
        some = [
            m for n, m in enumerate(messages) if m["type"] != "partial_segment" or n % (left_out + 1) == 0
        ]
        assert {k: v for k, v in applied(some).items() if not v["partial"]} == applied(finals)
