"""`/healthz`: this process answers. `/readyz`: everything that a session needs is there, or what is not."""

from __future__ import annotations

import json
from typing import Any

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from conversations.dispatch import BATCH_QUEUE, CPU_QUEUE
from conversations.queues import queues_with_workers
from sessions import hub
from sessions.wire import ENGINE_KEY, LIVE_QUEUE

NEEDED_QUEUES = (LIVE_QUEUE, BATCH_QUEUE, CPU_QUEUE)


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 with what is at work, or 503 naming what is missing.

    Also 503 while this process has as much to do as it can: nothing is missing, and its sessions go on, but a
    balancer, which only reads the status, is to give new ones to another process.
    """
    missing: list[str] = []
    report: dict[str, Any] = {"missing": missing, "queues": {}, "live_engine": None}
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except DatabaseError:
        missing.append("database")
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
            report["queues"] = queues_with_workers(client)
            engine = client.get(ENGINE_KEY)
    except redis.RedisError:
        missing.append("redis")
    else:
        missing += [f"worker of queue {queue}" for queue in NEEDED_QUEUES if not report["queues"].get(queue)]
        if engine is None:
            missing.append("live engine")
        else:
            report["live_engine"] = json.loads(engine)
    saturated = not missing and hub.is_saturated()
    report["status"] = "missing" if missing else "saturated" if saturated else "ready"
    return JsonResponse(report, status=200 if report["status"] == "ready" else 503)
