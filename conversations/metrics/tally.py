"""What this process has counted since it was last shipped, and the thread that ships it.

Counting is an addition to a number in memory. Once a second what has gathered is added to one hash in Redis,
where all processes of an installation count together: those that have no port of their own (workers), those
that come and go (the children of a pool), on whatever machine. A process that ends takes nothing away, so a
count only falls when Redis loses its memory, which every reader of counters knows as a reset.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from contextlib import suppress
from functools import cache
from typing import TypeAlias

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

COUNTS_KEY = "ambient:metrics:counts"
SHIP_INTERVAL_S = 1.0
TIMEOUT_S = 2.0
SEPARATOR = "\x1f"
"""Between a metric's name, its labels' values, and a histogram's part; in none of them."""

Field: TypeAlias = tuple[str, ...]


class Tally:
    """Safe from any thread. `ship` may count an addition twice where the answer of Redis was lost."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._filled = threading.Event()
        self._deltas: dict[Field, float] = {}
        self._thread: threading.Thread | None = None
        os.register_at_fork(after_in_child=self._reset)

    def add(self, *counts: tuple[Field, float]) -> None:
        with self._lock:
            if not self._deltas:
                self._filled.set()
            for field, amount in counts:
                self._deltas[field] = self._deltas.get(field, 0.0) + amount
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="metrics", daemon=True)
                self._thread.start()

    def take(self) -> dict[Field, float]:
        """What has gathered; it counts as shipped."""
        with self._lock:
            deltas, self._deltas = self._deltas, {}
            self._filled.clear()
            return deltas

    def ship(self) -> None:
        """Add what has gathered to what all have counted. Raises RedisError, and keeps it then."""
        deltas = self.take()
        if not deltas:
            return
        try:
            with _redis().pipeline(transaction=True) as pipe:
                for field, amount in deltas.items():
                    pipe.hincrbyfloat(COUNTS_KEY, SEPARATOR.join(field), amount)
                pipe.execute()
        except RedisError:
            self.add(*deltas.items())
            raise

    def _reset(self) -> None:
        """Also in a forked child: what its parent counted is its parent's, and so is the thread."""
        self._lock = threading.Lock()
        self._filled = threading.Event()
        self._deltas = {}
        self._thread = None

    def _work(self) -> None:
        pause = threading.Event()
        is_away = False
        while True:
            self._filled.wait()
            pause.wait(SHIP_INTERVAL_S)
            try:
                self.ship()
            except RedisError as error:
                if not is_away:
                    logger.warning("metrics wait in memory: %s", type(error).__name__)
                is_away = True
            else:
                is_away = False


TALLY = Tally()


@atexit.register
def ship_the_last() -> None:
    """Before a process ends."""
    with suppress(RedisError):
        TALLY.ship()


def counted() -> dict[Field, float]:
    """What all processes have counted. Raises RedisError."""
    shown: dict[bytes, bytes] = _redis().hgetall(COUNTS_KEY)  # type: ignore[assignment]  # speaks bytes
    return {tuple(field.decode().split(SEPARATOR)): float(value) for field, value in shown.items()}


@cache
def _redis() -> Redis:
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        health_check_interval=30,
    )
