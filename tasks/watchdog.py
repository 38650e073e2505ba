"""A worker whose engine hangs is noticed and replaced.

A thread that is stuck in native code cannot be stopped, and while it is stuck the worker takes tasks that it
will never answer. So the process ends itself, at once and not in order; its supervisor starts another, and
the web processes ask again for what was lost.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

EXIT_STUCK = 70
"""EX_SOFTWARE of sysexits.h."""
LOOKS_PER_LIMIT = 10


def exit_now(code: int) -> None:
    """End this process and the engine's children without waiting for anything."""
    logging.shutdown()
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(code)


class Watchdog:
    """Looks at `longest_call_s` ten times a limit, from a thread of its own."""

    def __init__(
        self,
        longest_call_s: Callable[[], float],
        *,
        limit_s: float,
        on_stuck: Callable[[int], None] = exit_now,
    ) -> None:
        self._longest_call_s = longest_call_s
        self._limit_s = limit_s
        self._on_stuck = on_stuck
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="engine-watchdog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(self._limit_s / LOOKS_PER_LIMIT):
            longest_s = self._longest_call_s()
            if longest_s > self._limit_s:
                log.critical("engine_stuck", call_s=round(longest_s, 1), limit_s=self._limit_s)
                self._on_stuck(EXIT_STUCK)
                return
