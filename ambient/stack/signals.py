"""Ctrl-C and SIGTERM: either interrupts what runs, and neither interrupts the stopping."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import Any

ENDINGS = (signal.SIGINT, signal.SIGTERM)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Inside, both raise KeyboardInterrupt."""
    with _handled_by(_interrupt):
        yield


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Inside, both are ignored: what was started is ended, however often somebody asks."""
    with _handled_by(signal.SIG_IGN):
        yield


@contextlib.contextmanager
def _handled_by(handler: Any) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in ENDINGS}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
