"""Which queues have a worker: each worker says so in Redis with its heartbeat, and the word expires."""

from __future__ import annotations

import contextlib
from functools import cache
from typing import Any

import redis
from celery.signals import heartbeat_sent, worker_ready, worker_shutting_down
from django.conf import settings

from conversations.queues import presence_key

PRESENCE_TTL_S = 15
"""Workers beat every two seconds; one that misses seven in a row is taken for gone."""

_present: set[str] = set()
"""The keys of this worker, one a queue."""


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
