"""Something done again and again from a thread of its own, for as long as this process lives."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


class Heartbeat:
    """Calls `beat` every `interval_s`; one that raises is logged and tried again at the next."""

    def __init__(self, beat: Callable[[], object], *, interval_s: float, name: str) -> None:
        self._beat = beat
        self._interval_s = interval_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when no beat is under way any more."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval_s):
            try:
                self._beat()
            except Exception as error:
                log.warning("heartbeat_failed", name=self._thread.name, error=repr(error))
