"""One pool of Redis connections a process; redis-py makes a new one after a fork by itself."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from redis import Redis

SOCKET_TIMEOUT_S = 5.0
"""Longer than any command used here takes; a Redis that is silent for so long is treated as away."""


@lru_cache(maxsize=1)
def redis_client() -> Redis:
    """Speaks bytes."""
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=SOCKET_TIMEOUT_S,
        health_check_interval=30,
    )
