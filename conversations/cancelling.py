"""Tasks that end when they are asked to.

Before Python 3.12 `asyncio.wait_for` forgets a cancellation that comes in the moment in which what it waits
for is done, and redis-py writes every command inside one. Who asks a task once that reads from Redis, and
waits for it, now and then waits for good; so they are asked until they have ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN_S = 1.0
"""Longer than anything that such a task does on its way out."""


async def cancel_all(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Returns once all have ended. What they returned or raised stays in them; nobody is warned of it."""
    asked = list(tasks)
    running = {task for task in asked if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=AGAIN_S)
    await asyncio.gather(*asked, return_exceptions=True)
