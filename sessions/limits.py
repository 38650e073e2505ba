"""Limits at the door and on the stream: audio ahead of the clock, wrong keys, frame size."""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from conversations.wrong_keys import MAX_WRONG_KEYS, WINDOW_S, count_key, starts_a_window

MAX_FRAME_BYTES = 1024 * 1024
MAX_AHEAD_S = 60.0
"""Audio this far ahead of the wall clock since connect is a flood (contract: websocket)."""
BACKLOG_SPEED = 10.0
"""A resumed backlog may come at up to this many times the speed of speech."""
LAG_PATIENCE_S = 2.0
"""How long a lag past the hard threshold is borne (contract: transcription stream)."""


@dataclass(slots=True)
class FloodRule:
    """Counts one socket's audio against the clock. `backlog_s`: audio that a resuming client has saved up.

    `connected_at_s` and `now_s` are on one monotonic clock.
    """

    connected_at_s: float
    backlog_s: float = 0.0
    received_s: float = 0.0

    def admits(self, duration_s: float, now_s: float) -> bool:
        """Whether so much audio may still be taken; counts it where it may."""
        elapsed_s = now_s - self.connected_at_s
        allowed_s = MAX_AHEAD_S + elapsed_s + self._backlog_allowance_s(elapsed_s)
        if self.received_s + duration_s > allowed_s:
            return False
        self.received_s += duration_s
        return True

    def backlog_left_s(self, now_s: float) -> float:
        """How much of what came in was backlog: it counts as lag no more than as flood."""
        elapsed_s = now_s - self.connected_at_s
        ahead_s = self.received_s - elapsed_s
        return max(0.0, min(ahead_s, self._backlog_allowance_s(elapsed_s)))

    def _backlog_allowance_s(self, elapsed_s: float) -> float:
        return min(self.backlog_s, (BACKLOG_SPEED - 1) * elapsed_s)


@dataclass(slots=True)
class LagRule:
    """How long a transcript may stay `hard_lag_s` or more behind. Times are on one monotonic clock."""

    hard_lag_s: float
    behind_since_s: float | None = None

    def is_broken(self, lag_s: float, now_s: float) -> bool:
        if lag_s < self.hard_lag_s:
            self.behind_since_s = None
            return False
        if self.behind_since_s is None:
            self.behind_since_s = now_s
        return now_s >= self.behind_since_s + LAG_PATIENCE_S

    @property
    def next_s(self) -> float | None:
        """When to look again, whatever comes in; None where there is no reason to."""
        return None if self.behind_since_s is None else self.behind_since_s + LAG_PATIENCE_S


class WrongKeys:
    """The count of `conversations.wrong_keys`, from an event loop."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def is_refused(self, address: str) -> bool:
        try:
            count = await self._redis.get(count_key(address))
        except RedisError:
            return False
        return count is not None and int(count) > MAX_WRONG_KEYS

    async def note(self, address: str) -> None:
        try:
            count = await self._redis.incr(count_key(address))
            if starts_a_window(count):
                await self._redis.expire(count_key(address), WINDOW_S)
        except RedisError:
            return
