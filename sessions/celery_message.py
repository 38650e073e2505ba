"""A Celery task message as bytes, so that it can be pushed by an asynchronous Redis client.

Kombu's Redis transport is synchronous: used on the event loop it would stop every session for a round trip.
What it pushes is small and stable: the task message of protocol 2 (docs.celeryq.dev, "Message Protocol"),
wrapped as kombu's virtual transports wrap it (kombu.transport.virtual.base), on the left of a list that is
named like the queue. A test has a stock consumer take one.
"""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

from celery import current_app

PERSISTENT = 2
"""AMQP's delivery mode; the transport ignores it, its peers expect it."""


def task_message(name: str, args: tuple[Any, ...], *, queue: str, expires_s: float) -> bytes:
    """One element for `LPUSH queue`. A worker drops it unread `expires_s` from now."""
    task_id = str(uuid.uuid4())
    message = current_app.amqp.as_task_v2(
        task_id,
        name,
        args=args,
        kwargs={},
        expires=expires_s,
        argsrepr="(…)",  # the default prints the arguments into the headers
        kwargsrepr="{}",
        ignore_result=True,
    )
    body = json.dumps(message.body, separators=(",", ":")).encode()
    envelope = {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": message.headers,
        "properties": {
            **message.properties,
            "delivery_mode": PERSISTENT,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid.uuid4()),
        },
    }
    return json.dumps(envelope, separators=(",", ":")).encode()
