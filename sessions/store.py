"""The hot path's way to the database: a small pool of threads, off the event loop.

Channels' `database_sync_to_async` sends everything through one thread; here a slow query of one session does
not stop another. Each call gives its connection back to the pool when it is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 4
"""Enough to keep two cores' worth of short transactions going; PostgreSQL's pool is larger."""
_executor = ThreadPoolExecutor(THREADS, thread_name_prefix="store")


async def run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that uses the ORM (or a file) off the loop; what it raises is raised here."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_executor, partial(_call, partial(function, *args, **kwargs)))


def _call(function: Callable[[], T]) -> T:
    try:
        return function()
    finally:
        connections.close_all()
