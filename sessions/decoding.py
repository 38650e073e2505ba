"""Decodes from the web process's side: orders go out, replies come back. Nothing here waits for an engine.

With an order the new samples of its utterance are appended to the utterance's key in Redis, in the round trip
that publishes the task. What several sessions order at the same moment goes out in one round trip. Replies
come over one pub/sub channel per process; one that is lost is noticed by its session, which asks again.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
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
    read_replies,
    results_channel,
)
from transcription.engines.base import Samples

logger = logging.getLogger(__name__)

OnReply = Callable[[DecodeReply], None]
RECONNECT_S = 0.2
MAX_RECONNECT_S = 5.0
SILENCE_S = 10.0
"""A subscription on which nothing comes for so long is asked whether it is still there: one whose other end
is gone without a word (a firewall, a pulled plug) says nothing for ever."""
ORDERS_A_TASK = 4
"""The most orders of one task: it goes to one worker, and another may be idle."""


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


@dataclass(frozen=True, slots=True)
class _Outgoing:
    order: DecodeOrder
    utterance: Samples
    sent: asyncio.Future[None]

    @property
    def utterance_of(self) -> tuple[str, int]:
        return self.order.session_id, self.order.utterance_id


class RedisDecoder:
    """Decodes by the Celery worker on queue `live`. One per process, used on one event loop."""

    def __init__(self, redis: Redis, *, process_id: str, expires_s: float) -> None:
        self._redis = redis
        self._channel = results_channel(process_id)
        self._expires_s = expires_s
        self._sessions: dict[str, OnReply] = {}
        self._sent_samples: dict[tuple[str, int], int] = {}
        self._garbage: list[str] = []
        self._is_listening = False
        self._unanswered: dict[str, int] = {}
        """By session: the request that was sent last and has not been answered."""
        self._outgoing: list[_Outgoing] = []
        self._sending: asyncio.Task[None] | None = None

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
        self._unanswered.pop(session_id, None)
        for key in [key for key in self._sent_samples if key[0] == session_id]:
            self.utterance_done(*key)

    def forget_audio(self, session_id: str, utterance_id: int) -> None:
        self._sent_samples.pop((session_id, utterance_id), None)

    def utterance_done(self, session_id: str, utterance_id: int) -> None:
        if self._sent_samples.pop((session_id, utterance_id), None) is not None:
            self._garbage.append(audio_key(session_id, utterance_id))

    async def submit(self, order: DecodeOrder, utterance: Samples) -> None:
        outgoing = _Outgoing(
            replace(order, reply_to=self._channel), utterance, asyncio.get_running_loop().create_future()
        )
        self._outgoing.append(outgoing)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())
        try:
            await outgoing.sent
        except asyncio.CancelledError:
            self.forget_audio(*outgoing.utterance_of)
            raise

    async def _send_all(self) -> None:
        try:
            while self._outgoing:
                batch, self._outgoing = self._outgoing, []
                await self._send(batch)
        finally:
            self._sending = None

    async def _send(self, batch: list[_Outgoing]) -> None:
        batch = [outgoing for outgoing in batch if not outgoing.sent.done()]
        garbage, self._garbage = self._garbage, []
        pipeline = self._redis.pipeline(transaction=False)
        for outgoing in batch:
            self._put_audio(pipeline, outgoing)
        for first in range(0, len(batch), ORDERS_A_TASK):
            orders = [outgoing.order.to_json() for outgoing in batch[first : first + ORDERS_A_TASK]]
            pipeline.lpush(
                LIVE_QUEUE,
                task_message(DECODE_TASK, (orders,), queue=LIVE_QUEUE, expires_s=self._expires_s),
            )
        if garbage:
            pipeline.unlink(*garbage)
        error: Exception | None = None
        try:
            if not self._is_listening:  # the answers would go to nobody
                raise ConnectionError("no subscription")
            await pipeline.execute()
        except (RedisError, OSError) as failure:
            self._garbage.extend(garbage)
            error = failure
        for outgoing in batch:
            key, order, sent = outgoing.utterance_of, outgoing.order, outgoing.sent
            if error is not None:
                self.forget_audio(*key)
                if not sent.done():
                    sent.set_exception(DecodeNotSent(type(error).__name__))
            elif not sent.done():  # whoever was cancelled has said that its audio is to be forgotten
                self._sent_samples[key] = max(self._sent_samples.get(key, 0), order.num_samples)
                self._unanswered[order.session_id] = order.request_id
                sent.set_result(None)

    def _put_audio(self, pipeline: Any, outgoing: _Outgoing) -> None:
        """What the utterance's key does not have yet. (A final window may be shorter than what it has.)"""
        key = audio_key(*outgoing.utterance_of)
        sent = self._sent_samples.get(outgoing.utterance_of, 0)
        fresh = outgoing.utterance[sent : outgoing.order.num_samples].astype("<f4", copy=False).tobytes()
        if sent == 0:
            # SET, not APPEND: what an attempt of unknown outcome left there must not be doubled.
            pipeline.set(key, fresh, ex=AUDIO_TTL_S)
        elif fresh:
            pipeline.append(key, fresh)
            pipeline.expire(key, AUDIO_TTL_S)

    async def listen(self) -> None:
        """Hand out replies until cancelled; comes back by itself when Redis does."""
        wait_s = RECONNECT_S
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(self._channel)
                    await self._hear(pubsub)
            except (RedisError, OSError) as error:
                logger.warning("lost the connection to Redis: %s", type(error).__name__)
            if self._is_listening:
                self._is_listening, wait_s = False, RECONNECT_S
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, MAX_RECONNECT_S)

    async def _hear(self, pubsub: PubSub) -> None:
        """Raises RedisError or OSError when the connection is lost, or as good as lost."""
        asked = False
        while True:
            message = await pubsub.get_message(timeout=SILENCE_S)
            if message is None:
                if asked:
                    raise TimeoutError("no answer")
                asked = True
                await pubsub.ping()
                continue
            asked = False
            if message["type"] == "subscribe":
                self._is_listening = True
                self._ask_again()
            elif message["type"] == "message":
                self._hand_out(message["data"])

    def _ask_again(self) -> None:
        """The connection was lost: what was under way may be gone, order, audio and answer."""
        unanswered, self._unanswered = self._unanswered, {}
        for session_id, request_id in unanswered.items():
            if on_reply := self._sessions.get(session_id):
                on_reply(DecodeReply(session_id, request_id, error="missing_audio"))

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
            replies = read_replies(raw)
        except (ValueError, KeyError, TypeError):
            logger.exception("a decode reply that is none")
            return
        for reply in replies:
            if self._unanswered.get(reply.session_id) == reply.request_id:
                del self._unanswered[reply.session_id]
            if on_reply := self._sessions.get(reply.session_id):
                on_reply(reply)
