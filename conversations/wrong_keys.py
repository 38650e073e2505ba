"""How many wrong keys an address has shown in the last minute: REST, sockets, all processes.

The eleventh within a minute starts a minute in which nothing is let in from there (contract: websocket).
Without Redis nobody is refused for it: a key is still checked.
"""

from __future__ import annotations

import hashlib
from functools import cache

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

MAX_WRONG_KEYS = 10
WINDOW_S = 60
TIMEOUT_S = 1.0


def count_key(address: str) -> str:
    """Addresses are personal data: only a digest is kept."""
    return f"ambient:wrong-keys:{hashlib.sha256(address.encode()).hexdigest()[:32]}"


def starts_a_window(count: int) -> bool:
    """Whether the time to live of a count is to be set now: with the first, and with the one too many."""
    return count in (1, MAX_WRONG_KEYS + 1)


def is_refused(address: str) -> bool:
    try:
        count = _redis().get(count_key(address))
    except RedisError:
        return False
    return count is not None and int(count) > MAX_WRONG_KEYS


def note(address: str) -> None:
    """A wrong key was shown."""
    try:
        count = _redis().incr(count_key(address))
        if starts_a_window(count):
            _redis().expire(count_key(address), WINDOW_S)
    except RedisError:
        return


@cache
def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
