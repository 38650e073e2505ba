"""What live sessions say, in Redis, so that any process can follow one (`following` reads it).

Of each session a hash has the latest message of every item (a segment, a turn, …), and a stream has the
messages in their order. Each entry of the stream names the one before it: a reader sees where it was cut (it
is short, and Redis may lose its memory) and takes the state again. Finals are rows before they come here.
`publish` never waits: one writer a process sends what has gathered, a round trip at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from redis.asyncio import Redis
from redis.exceptions import RedisError

from conversations.metrics import catalogue as metrics
from sessions.protocols.messages import write_message
from sessions.protocols.stream_bodies import Body, item_of

logger = logging.getLogger(__name__)

GATHER_S = 0.05
"""What a watcher waits at most so that messages share a round trip; partials that are replaced meanwhile are
never written at all."""
STREAM_LENGTH = 256
"""Messages that a slow reader may be behind before it takes the state again; about a minute of a session."""
MAX_WAITING = 10_000
"""Messages that wait while Redis is away, over all sessions: about 10 MB. Past it the oldest are left out and
their session's readers take the state again; what was final is in the rows."""
TTL_S = 3 * 3600
"""Longer than a session may be silent and live."""
ENDED_TTL_S = 60
"""For who still reads when the session has ended."""
RETRY_S, MAX_RETRY_S = 0.2, 5.0
CLOSING_S = 1.0

LAST = "last"
"""The field of the state with the seq of the newest message in it."""
PUBLISH = """
local stream, state = KEYS[1], KEYS[2]
local last = ARGV[3] == '' and redis.call('HGET', state, 'last')
if not last then
  redis.call('DEL', stream)
  redis.call('HDEL', state, 'last')
end
local known = last and 1 or 0
for i = 4, #ARGV, 3 do
  local seq, item, message = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local added = redis.pcall(
    'XADD', stream, 'MAXLEN', '~', ARGV[1], seq .. '-0', 'm', message, 'p', last or '')
  if not added.err then
    last = seq
    redis.call('HSET', state, 'last', seq)
    if item ~= '' then redis.call('HSET', state, item, message) end
  end
end
redis.call('EXPIRE', stream, ARGV[2])
redis.call('EXPIRE', state, ARGV[2])
return known
"""
"""KEYS: stream, state. ARGV: stream length, time to live in seconds, 'torn' or '', then seq, item and message
of each. A message whose seq is not above the last one has come before, or comes from a process that has lost
the session: it changes nothing. Returns whether the state was known."""


def stream_key(session_id: str) -> str:
    return f"ambient:feed:{session_id}"


def state_key(session_id: str) -> str:
    return f"ambient:feed:{session_id}:state"


@dataclass(frozen=True, slots=True)
class _Message:
    seq: int
    item: str
    """Empty: of no item."""
    body: Body

    @property
    def text(self) -> str:
        body = self.body
        if body["type"] == "done":
            body = {**body, "events_sent": self.seq + 1}
        return write_message({"type": body["type"], "seq": self.seq, **body})


_Messages: TypeAlias = dict[str | int, _Message]
"""In order, by item (or by seq where there is none)."""


class Feed:
    """The writer of one process. Used on one event loop; `write` runs there as a task."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: dict[str, _Messages] = defaultdict(dict)
        self._count = 0
        self._torn: set[str] = set()
        self._states: dict[str, _Messages] = defaultdict(dict)
        self._filled = asyncio.Event()

    def publish(self, session_id: str, seq: int, bodies: Sequence[Body]) -> None:
        """The bodies get `seq` and the numbers after it, all above any that the session has had."""
        for number, body in enumerate(bodies, start=seq):
            message = _Message(number, item_of(body, number) or "", body)
            self._put(session_id, message)
            if message.item and body["type"] != "segment_finalized":
                self._states[session_id][message.item] = message
            elif session_id in self._states:
                self._states[session_id].pop(message.item, None)
        self._filled.set()

    def forget(self, session_id: str) -> None:
        """The session is not this process's any more."""
        self._states.pop(session_id, None)

    async def erase(self, session_id: str) -> None:
        """Nothing of the session may stay; what Redis does not forget now it forgets in time."""
        self.forget(session_id)
        self._count -= len(self._waiting.pop(session_id, ()))
        try:
            await self._redis.unlink(stream_key(session_id), state_key(session_id))
        except RedisError as error:
            logger.warning("what a session said is left to expire: %s", type(error).__name__)

    async def write(self) -> None:
        """Send what is published, until cancelled; goes on when Redis is back."""
        wait_s = RETRY_S
        while True:
            await self._filled.wait()
            await asyncio.sleep(GATHER_S)
            try:
                await self.flush()
            except (RedisError, OSError) as error:
                logger.warning("what sessions say is not published now: %s", type(error).__name__)
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, MAX_RETRY_S)
            else:
                wait_s = RETRY_S

    async def close(self) -> None:
        """The process is going: what waits goes out where Redis takes it at once."""
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(CLOSING_S):
                await self.flush()

    async def flush(self) -> None:
        """Send what waits now. Raises RedisError or OSError, and keeps it then."""
        self._filled.clear()
        batch, self._waiting, self._count = self._waiting, defaultdict(dict), 0
        torn, self._torn = self._torn, set()
        try:
            await self._send(batch, torn)
        except BaseException:
            newer, self._waiting, self._count = self._waiting, defaultdict(dict), 0
            self._torn |= torn
            for waiting in (batch, newer):
                for session_id, messages in waiting.items():
                    for message in messages.values():
                        self._put(session_id, message)
            self._filled.set()
            raise

    async def _send(self, batch: Mapping[str, _Messages], torn: Set[str]) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for session_id, messages in batch.items():
            ttl_s = ENDED_TTL_S if "done" in messages else TTL_S
            arguments: list[str | int] = [STREAM_LENGTH, ttl_s, "torn" if session_id in torn else ""]
            for message in messages.values():
                arguments += [message.seq, message.item, message.text]
            pipeline.eval(PUBLISH, 2, stream_key(session_id), state_key(session_id), *arguments)
        known = await pipeline.execute()
        lost = [session_id for session_id, was_there in zip(batch, known, strict=True) if not was_there]
        await self._restore([session_id for session_id in lost if self._states.get(session_id)])
        for session_id, messages in batch.items():
            if "done" in messages:
                self.forget(session_id)

    async def _restore(self, session_ids: Sequence[str]) -> None:
        """The state of these was not there: it is new, or Redis has lost it."""
        pipeline = self._redis.pipeline(transaction=False)
        for session_id in session_ids:
            for message in self._states[session_id].values():
                pipeline.hset(state_key(session_id), message.item, message.text)
        await pipeline.execute()

    def _put(self, session_id: str, message: _Message) -> None:
        messages = self._waiting[session_id]
        key = message.item or message.seq
        if messages.pop(key, None) is None:
            self._count += 1
        messages[key] = message
        if self._count > MAX_WAITING:
            self._leave_out_oldest()

    def _leave_out_oldest(self) -> None:
        session_id, messages = next(item for item in self._waiting.items() if item[1])
        del messages[next(iter(messages))]
        self._count -= 1
        self._torn.add(session_id)
        metrics.DROPS.add(1, "feed")
