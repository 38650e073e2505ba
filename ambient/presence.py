"""Which queues have a worker: each worker says so in Redis with its heartbeat, and the word expires."""

from __future__ import annotations

import contextlib
from functools import cache
from typing import Any

import redis
from celery.signals import heartbeat_sent, worker_ready, worker_shutting_down
from django.conf import settings

PRESENCE_TTL_S = 15
"""Workers beat every two seconds; one that misses seven in a row is taken for gone."""

_present: set[str] = set()
"""The keys of this worker, one a queue."""


def presence_key(queue: str, worker: str) -> str:
    return f"ambient:worker:{queue}:{worker}"


def queues_with_workers(client: redis.Redis) -> dict[str, int]:
    """How many workers take from each queue at present."""
    counted: dict[str, int] = {}
    for key in client.scan_iter(match=presence_key("*", "*"), count=200):
        queue = key.decode().split(":")[2]
        counted[queue] = counted.get(queue, 0) + 1
    return counted


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2)


def _announce() -> None:
    # A broker that is away is noticed elsewhere; the next beat says it again.
    with contextlib.suppress(redis.RedisError):
        for key in _present:
            _client().set(key, "ready", ex=PRESENCE_TTL_S)


@worker_ready.connect
def _on_ready(sender: Any, **_: Any) -> None:
    _present.update(presence_key(queue.name, sender.hostname) for queue in sender.task_consumer.queues)
    _announce()


@heartbeat_sent.connect
def _on_heartbeat(**_: Any) -> None:
    _announce()


@worker_shutting_down.connect
def _on_shutdown(**_: Any) -> None:
    with contextlib.suppress(redis.RedisError):
        if _present:
            _client().delete(*_present)
    _present.clear()
