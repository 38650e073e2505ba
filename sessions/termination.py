"""What a web process does when it is told to stop, before its server does what it does."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from types import FrameType


def before_termination(leave: Callable[[], Awaitable[None]]) -> None:
    """On SIGTERM run `leave` on the running loop, then whatever was to happen on it. A second SIGTERM does
    not wait. Only a process's main thread hears signals: elsewhere nothing is arranged."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGTERM)
    leaving: list[asyncio.Task[None]] = []

    async def leave_and_go(frame: FrameType | None) -> None:
        try:
            await leave()
        finally:
            if callable(before):
                before(signal.SIGTERM, frame)
            else:
                os.kill(os.getpid(), signal.SIGTERM)

    def on_term(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, before)
        loop.call_soon_threadsafe(lambda: leaving.append(loop.create_task(leave_and_go(frame))))

    signal.signal(signal.SIGTERM, on_term)
