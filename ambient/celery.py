"""The Celery app: three queues by kind of work, JSON only, nothing acknowledged before it is done."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ambient.settings")

from django.conf import settings

from conversations.dispatch import (
    BATCH_QUEUE,
    ERASE_EXPIRED_TASK,
    LATER,
    NOW,
    SOON,
    SWEEP_RUNS_TASK,
)
from sessions.wire import LIVE_QUEUE, SWEEP_SESSIONS_TASK
from tasks.steady import every

SWEEP_INTERVAL_S = 5.0
"""A quarter of a stage's lease: what a dead process left is found soon after it runs out. A sweep that finds
nothing is a few queries over indices."""

RETENTION_INTERVAL_S = 300.0
"""Retention is counted in days; of 0 days, what is done goes within these five minutes."""

app = Celery("ambient")
app.conf.update(
    broker_url=settings.REDIS_URL.replace("unix://", "redis+socket://"),
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # A child's last result is waited for so long before it counts as lost; a stage's result is in its row.
    worker_lost_wait=1.0,
    worker_prefetch_multiplier=1,
    task_default_queue=BATCH_QUEUE,
    # Stages name their queue where they are sent (conversations.dispatch), by what they need.
    task_routes={"tasks.live.*": {"queue": LIVE_QUEUE}},
    broker_transport_options={
        "queue_order_strategy": "priority",  # of what waits, the most urgent first
        "priority_steps": [NOW, SOON, LATER],
    },
    imports=["tasks.live", "tasks.pipeline", "tasks.upkeep"],
    timezone="UTC",
    beat_scheduler="tasks.sweeper.Sweeper",
    beat_schedule={
        "sweep-runs": {"task": SWEEP_RUNS_TASK, "schedule": every(SWEEP_INTERVAL_S)},
        "sweep-sessions": {"task": SWEEP_SESSIONS_TASK, "schedule": every(SWEEP_INTERVAL_S)},
        "erase-expired": {
            "task": ERASE_EXPIRED_TASK,
            "schedule": every(RETENTION_INTERVAL_S),
            # One that waited for longer has the next behind it.
            "options": {"queue": BATCH_QUEUE, "expires": RETENTION_INTERVAL_S},
        },
    },
    worker_hijack_root_logger=False,
)
