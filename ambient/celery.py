"""The Celery app: two queues by kind of work, JSON only, nothing acknowledged before it is done."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ambient.settings")

from django.conf import settings

app = Celery("ambient")
app.conf.update(
    broker_url=settings.REDIS_URL.replace("unix://", "redis+socket://"),
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_default_queue="batch",
    task_routes={"tasks.live.*": {"queue": "live"}},
    imports=["tasks.live", "tasks.pipeline", "tasks.upkeep"],
    timezone="UTC",
    worker_hijack_root_logger=False,
)
