"""Decodes from the web process's side: orders go out, replies come back. Nothing here waits for an engine.

With an order the new samples of its utterance are appended to the utterance's key in Redis, in the round trip
that publishes the task. Replies come over one pub/sub channel per process; one that is lost is noticed by its
session, which asks again.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from sessions.celery_message import task_message
from sessions.wire import (
    AUDIO_TTL_S,
    DECODE_TASK,
    ENGINE_KEY,
    LIVE_QUEUE,
    DecodeOrder,
    DecodeReply,
    audio_key,
    results_channel,
)
from transcription.engines.base import Samples

logger = logging.getLogger(__name__)

OnReply = Callable[[DecodeReply], None]
RECONNECT_S = 0.2
MAX_RECONNECT_S = 5.0


class DecodeNotSent(Exception):
    """The broker did not take an order; it may be sent again."""


@dataclass(frozen=True, slots=True)
class LiveEngine:
    """What the live worker says it has loaded."""

    engine: str
    model: str
    notice: str = ""
    is_incremental: bool = False
    languages: frozenset[str] | None = None
    """Primary language subtags it reads; None: many."""


class Decoder(Protocol):
    """What a live session needs of whoever decodes for it."""

    def register(self, session_id: str, on_reply: OnReply) -> None:
        """Replies for the session go to `on_reply`, which must not block."""

    def unregister(self, session_id: str) -> None: ...

    async def submit(self, order: DecodeOrder, utterance: Samples) -> None:
        """Ask for a decode. `utterance`: all its samples so far, `order.num_samples` of them.

        Raises DecodeNotSent.
        """

    def forget_audio(self, session_id: str, utterance_id: int) -> None:
        """The other side has lost the utterance's audio: all of it goes out with the next order."""

    def utterance_done(self, session_id: str, utterance_id: int) -> None:
        """Its audio is not needed any more."""


class RedisDecoder:
    """Decodes by the Celery worker on queue `live`. One per process, used on one event loop."""

    def __init__(self, redis: Redis, *, process_id: str, expires_s: float) -> None:
        self._redis = redis
        self._channel = results_channel(process_id)
        self._expires_s = expires_s
        self._sessions: dict[str, OnReply] = {}
        self._sent_samples: dict[tuple[str, int], int] = {}
        self._garbage: list[str] = []
        self._listening = asyncio.Event()

    async def engine(self) -> LiveEngine | None:
        """The engine of the live worker; None where none is up (or Redis is not)."""
        try:
            raw = await self._redis.get(ENGINE_KEY)
        except RedisError:
            return None
        if raw is None:
            return None
        data = json.loads(raw)
        capabilities = data.get("capabilities", {})
        languages = capabilities.get("languages")
        return LiveEngine(
            data["engine"],
            data["model"],
            data.get("notice") or "",
            bool(capabilities.get("incremental")),
            frozenset(languages) if languages else None,
        )

    def register(self, session_id: str, on_reply: OnReply) -> None:
        self._sessions[session_id] = on_reply

    def unregister(self, session_id: str) -> None:
        self._sessions.pop(session_id, None)
        for key in [key for key in self._sent_samples if key[0] == session_id]:
            self.utterance_done(*key)

    def forget_audio(self, session_id: str, utterance_id: int) -> None:
        self._sent_samples.pop((session_id, utterance_id), None)

    def utterance_done(self, session_id: str, utterance_id: int) -> None:
        if self._sent_samples.pop((session_id, utterance_id), None) is not None:
            self._garbage.append(audio_key(session_id, utterance_id))

    async def submit(self, order: DecodeOrder, utterance: Samples) -> None:
        utterance_of = (order.session_id, order.utterance_id)
        sent = self._sent_samples.get(utterance_of, 0)
        key = audio_key(*utterance_of)
        garbage, self._garbage = self._garbage, []
        order = replace(order, reply_to=self._channel)
        message = task_message(DECODE_TASK, (order.to_json(),), queue=LIVE_QUEUE, expires_s=self._expires_s)
        pipeline = self._redis.pipeline(transaction=False)
        fresh = utterance[sent : order.num_samples].astype("<f4", copy=False).tobytes()
        if sent == 0:
            # SET, not APPEND: what an attempt of unknown outcome left there must not be doubled.
            pipeline.set(key, fresh, ex=AUDIO_TTL_S)
        elif fresh:
            pipeline.append(key, fresh)
            pipeline.expire(key, AUDIO_TTL_S)
        pipeline.lpush(LIVE_QUEUE, message)
        if garbage:
            pipeline.unlink(*garbage)
        try:
            await asyncio.wait_for(self._listening.wait(), timeout=self._expires_s)
            await pipeline.execute()
        except (RedisError, OSError, TimeoutError) as error:
            self._garbage.extend(garbage)
            self.forget_audio(*utterance_of)
            raise DecodeNotSent(type(error).__name__) from error
        except asyncio.CancelledError:
            self.forget_audio(*utterance_of)
            raise
        self._sent_samples[utterance_of] = max(sent, order.num_samples)  # a final window may be shorter

    async def listen(self) -> None:
        """Hand out replies until cancelled; comes back by itself when Redis does."""
        wait_s = RECONNECT_S
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(self._channel)
                    async for message in pubsub.listen():
                        wait_s = RECONNECT_S
                        if message["type"] == "subscribe":
                            self._listening.set()
                        elif message["type"] == "message":
                            self._hand_out(message["data"])
            except (RedisError, OSError) as error:
                logger.warning("lost the connection to Redis: %s", type(error).__name__)
            self._listening.clear()
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, MAX_RECONNECT_S)

    async def clear(self) -> None:
        """Delete what is still waiting to be deleted (before the process ends)."""
        garbage, self._garbage = self._garbage, []
        if garbage:
            try:
                await self._redis.unlink(*garbage)
            except RedisError:
                logger.info("%d utterances are left in Redis to expire", len(garbage))

    def _hand_out(self, raw: Any) -> None:
        try:
            reply = DecodeReply.from_json(json.loads(raw))
        except (ValueError, KeyError, TypeError):
            logger.exception("a decode reply that is none")
            return
        if on_reply := self._sessions.get(reply.session_id):
            on_reply(reply)
