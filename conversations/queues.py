"""The queues as an operator looks at them: what waits, and who takes from them.

A worker says in Redis, with its heartbeat, which queues it takes from; the word expires.
"""

from __future__ import annotations

from typing import Any

import redis
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

from conversations.dispatch import BATCH_QUEUE, CPU_QUEUE

TIMEOUT_S = 2.0


def presence_key(queue: str, worker: str) -> str:
    return f"ambient:worker:{queue}:{worker}"


def queues_with_workers(client: redis.Redis) -> dict[str, int]:
    """How many workers take from each queue at present. Raises RedisError."""
    counted: dict[str, int] = {}
    for key in client.scan_iter(match=presence_key("*", "*"), count=200):
        queue = key.decode().split(":")[2]
        counted[queue] = counted.get(queue, 0) + 1
    return counted


def waiting_messages(queue: str) -> int:
    """Messages on a queue that no worker has taken, as the broker counts them. Raises OperationalError."""
    with current_app.connection_for_read() as connection:
        try:
            channel: Any = connection.default_channel
            declared = channel.queue_declare(queue, passive=True)
        except connection.channel_errors:  # Redis knows no empty lists: a drained queue is not there
            return 0
        return int(declared.message_count)


def queue_states() -> dict[str, dict[str, int | None]]:
    """{queue: {depth, workers}} of every queue that is configured; None: Redis did not say."""
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=TIMEOUT_S) as client:
            workers: dict[str, int] | None = queues_with_workers(client)
    except redis.RedisError:
        workers = None
    return {
        queue: {"depth": _depth(queue), "workers": None if workers is None else workers.get(queue, 0)}
        for queue in sorted({*_configured(), *(workers or {})})
    }


def _configured() -> set[str]:
    """The queues that tasks are routed to."""
    routes: dict[str, dict[str, str]] = current_app.conf.task_routes or {}
    return {BATCH_QUEUE, CPU_QUEUE, *(route["queue"] for route in routes.values())}


def _depth(queue: str) -> int | None:
    try:
        return waiting_messages(queue)
    except (OperationalError, redis.RedisError):
        return None
