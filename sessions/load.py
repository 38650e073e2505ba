"""How busy a web process is with its sessions: said in Redis every two seconds, and to balancers.

Each process measures how late its event loop comes to what is due. That is what more sessions make worse,
whatever they cost: frames wait so long before they are looked at, and every word is later by as much.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Mapping
from typing import Any, Protocol

from django.conf import settings
from redis import Redis as SyncRedis
from redis.asyncio import Redis

STANDING_KEY = "ambient:web:"
SAY_INTERVAL_S = 2.0
STANDING_TTL_S = 10
LOOK_INTERVAL_S = 0.1
SMOOTHING = 0.02
"""Of each look in the mean: five seconds of looks count for two thirds of it, so that one long step of one
session sends nobody away."""
DELAY_BOUND_S = 0.1
"""The mean past which a process takes no more: as long as the usual frame, so that its sessions begin to fall
behind. It takes sessions again below half of it."""


class Behind(Protocol):
    """Of a session: how far its transcript is behind."""

    @property
    def lag_s(self) -> float: ...


class LoadMeter:
    """Of one process, on its event loop. `redis`: asynchronous. `sessions`: those that it has, by id."""

    def __init__(self, redis: Redis, sessions: Mapping[str, Behind]) -> None:
        self.loop_delay_s = 0.0
        self._redis = redis
        self._sessions = sessions
        self._is_late = False

    @property
    def is_saturated(self) -> bool:
        """Whether the process should get no more sessions. From any thread."""
        most = settings.AMBIENT.live.max_process_sessions
        return self._is_late or 0 < most <= len(self._sessions)

    def note(self, delay_s: float) -> None:
        """How much later than it was due a look came."""
        self.loop_delay_s += SMOOTHING * (max(0.0, delay_s) - self.loop_delay_s)
        bound_s = DELAY_BOUND_S / 2 if self._is_late else DELAY_BOUND_S
        self._is_late = self.loop_delay_s > bound_s

    async def watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due_s = loop.time() + LOOK_INTERVAL_S
            await asyncio.sleep(LOOK_INTERVAL_S)
            self.note(loop.time() - due_s)

    async def say(self) -> None:
        """Until Redis is away: RedisError or OSError."""
        while True:
            said = json.dumps(self.standing())
            await self._redis.set(STANDING_KEY + process_name(), said, ex=STANDING_TTL_S)
            await asyncio.sleep(SAY_INTERVAL_S)

    def standing(self) -> dict[str, float]:
        """`lag_s`: of the session that is furthest behind."""
        return {
            "sessions": len(self._sessions),
            "lag_s": max((session.lag_s for session in self._sessions.values()), default=0.0),
            "loop_delay_s": self.loop_delay_s,
            "saturated": self.is_saturated,
        }


def process_name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


def web_processes(redis: SyncRedis) -> dict[str, dict[str, float]]:
    """What each web process that holds sessions, or has held some, said last. Raises RedisError."""
    keys = sorted(redis.scan_iter(match=f"{STANDING_KEY}*", count=200))
    said: Any = redis.mget(keys) if keys else []
    return {
        key.decode().removeprefix(STANDING_KEY): json.loads(raw)
        for key, raw in zip(keys, said, strict=True)
        if raw is not None
    }
