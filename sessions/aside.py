"""Work beside the sessions, in a child process: it may come late, and is left out before it delays anything.

A process and not a thread, since the engines hold the interpreter for tens of milliseconds at a time and take
memory that a web process need not have. It starts when it is first needed.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

from conversations.metrics import catalogue as metrics

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
NICENESS = 10


class LeftOutError(Exception):
    """More waits than may; or what did the work is gone."""


class Aside:
    """One child, shared by all sessions of a process, for the work `name`. `left_out`: what was not done."""

    def __init__(self, name: str, *, most_waiting: int) -> None:
        self._name = name
        self._most_waiting = most_waiting
        self._waiting = 0
        self._executor: ProcessPoolExecutor | None = None
        self.left_out = 0

    @property
    def started(self) -> bool:
        return self._executor is not None

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A module's function, in the child. Raises LeftOutError, and what the function raises."""
        if kwargs:
            raise TypeError("arguments go by position")
        if self._waiting >= self._most_waiting:
            self._leave_out()
            raise LeftOutError(f"{self._waiting} wait")
        self._waiting += 1
        executor = self._executor = self._executor or _child()
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, function, *args)
        except BrokenProcessPool as error:
            self._leave_out()
            if self._executor is executor:
                self._executor = None  # the next one starts another
            raise LeftOutError("the child process died") from error
        finally:
            self._waiting -= 1

    def _leave_out(self) -> None:
        self.left_out += 1
        metrics.DROPS.add(1, self._name)

    def close(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None


def _settle() -> None:
    """In the child, before any engine is imported. It gives way; and its matrix products are too small to be
    shared: two threads on two busy cores took 25 times as long as one."""
    os.nice(NICENESS)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"


def _child() -> ProcessPoolExecutor:
    """Spawned, never forked: a web process has threads and sockets."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_settle)
