"""Reading what a live session says, from any process: its state, and everything after it.

A state is the latest message of every item. Finals are rows before they are in Redis, so that what Redis has
lost of them the rows still have.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from conversations.selectors import LIVE_RUN_NUMBER, segments_of
from sessions import store
from sessions.feed import LAST, state_key, stream_key
from sessions.models import RealTimeSession, RealTimeTranscriptChunk
from sessions.protocols.base import Ended, Features
from sessions.protocols.messages import write_message
from sessions.protocols.stream_bodies import Body, bodies_of, ready_body

READY = "ready"
"""The item of a state with what the session granted."""
READ_COUNT = 64
READ_WAIT_S = 2.0
"""How long one read waits: shorter than the connections' own patience."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message. `seq` None: Redis has lost it; the row of a final does not know it."""

    seq: int | None
    text: str

    @property
    def body(self) -> Body:
        body: Body = json.loads(self.text)
        return body


@dataclass(frozen=True, slots=True)
class State:
    """`seq`: of the newest message that is in it, from which to follow; None: none is known.
    `items`: by item, what was granted first, then finals without a seq, then in the order of their seq."""

    seq: int | None
    items: dict[str, Said]


class Torn(Exception):
    """What comes next is not there any more: the state is to be taken again."""


async def state_of(redis: Redis, session_id: str) -> State:
    """Raises RedisError."""
    said: Any = await redis.hgetall(state_key(session_id))
    return _merged(said, await store.run(_finals, session_id))


def state_now(redis: SyncRedis, session_id: str) -> State:
    """The same from synchronous code; only of what Redis has. Raises RedisError."""
    said: Any = redis.hgetall(state_key(session_id))
    return _merged(said, {})


async def changed_since(redis: Redis, session_id: str, last_seq: int) -> list[Said]:
    """The latest message of every item that changed after `last_seq`, or may have: without Redis, all that is
    final."""
    try:
        state = await state_of(redis, session_id)
    except RedisError:
        state = _merged({}, await store.run(_finals, session_id))
    return [said for said in state.items.values() if said.seq is None or said.seq > last_seq]


async def follow(redis: Redis, session_id: str, seq: int | None) -> AsyncIterator[list[Said]]:
    """What was said after `seq`, as it is said; an empty list when nothing was for READ_WAIT_S.

    Raises Torn and RedisError; what is not yet asked for stays in Redis.
    """
    key, last = stream_key(session_id), b"" if seq is None else str(seq).encode()
    while True:
        position = last.decode() or "0"
        answer: Any = await redis.xread({key: position}, count=READ_COUNT, block=int(READ_WAIT_S * 1000))
        entries: list[tuple[bytes, dict[bytes, bytes]]] = answer[0][1] if answer else []
        news = []
        for entry_id, fields in entries:
            if fields[b"p"] != last:
                raise Torn(session_id)
            last = entry_id.partition(b"-")[0]
            news.append(Said(int(last), fields[b"m"].decode()))
        yield news


def _merged(raw: dict[bytes, bytes], finals: dict[str, str]) -> State:
    items = {}
    for name, value in raw.items():
        if (item := name.decode()) != LAST:
            text = value.decode()
            items[item] = Said(json.loads(text)["seq"], text)
    for item, text in finals.items():
        known = items.get(item)
        if known is None or known.body["segment"]["partial"]:
            items[item] = Said(None, text)
    last = raw.get(LAST.encode())
    ordered = sorted(
        items.items(), key=lambda item: (item[0] != READY, item[1].seq is not None, item[1].seq or 0)
    )
    return State(int(last) if last else None, dict(ordered))


def _finals(session_id: str) -> dict[str, str]:
    """What the rows have, by item: messages without a seq."""
    session = RealTimeSession.objects.filter(session_id=session_id).first()
    if session is None:
        return {}
    with_words = session.options.get("word_timestamps", True)
    speakers = dict(segments_of(session.conversation, LIVE_RUN_NUMBER).values_list("number", "speaker_label"))
    chunks = session.chunks.order_by("segment_id")
    return {
        f"segment:{chunk.segment_id}": write_message(
            final_body(chunk, speaker_id=speakers.get(chunk.segment_id) or None, words=with_words)
        )
        for chunk in chunks
    }


def final_body(chunk: RealTimeTranscriptChunk, *, speaker_id: str | None, words: bool) -> Body:
    """The message that told of a row."""
    segment: Body = {
        "id": chunk.segment_id,
        "start": round(chunk.start_s, 3),
        "end": round(chunk.end_s, 3),
        "text": chunk.text,
        "speaker_id": speaker_id,
    }
    if words:
        segment["words"] = chunk.segments[0]["words"]
    segment |= {"partial": False, "revision": chunk.revision}
    return {"type": "segment_finalized", "segment": segment}


def ready_of(session: RealTimeSession) -> Body:
    """For a session whose own has not come yet, or was lost with what it granted."""
    return ready_body(session.session_id, str(session.conversation_id), Features())


def ending_of(session: RealTimeSession) -> list[Body]:
    """What a session would have said at its end, had its process lived: what its rows know. Queries them."""
    metrics = getattr(session, "metrics", None)
    ended = Ended(
        session_id=session.session_id,
        conversation_id=str(session.conversation_id),
        message="The session has ended.",
        reason=session.end_reason,
        full_transcript="",
        total_duration_s=session.audio_duration_s,
        enhancement_job_id=None,
        language=session.language or None,
        model=session.whisper_model or None,
    )
    *errors, done = bodies_of(ended, words=False)
    done |= {
        "speech_duration": None,
        "segments": session.chunks.count(),
        "partials_coalesced": metrics.partials_coalesced if metrics else None,
    }
    return [*errors, done]
