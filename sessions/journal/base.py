"""What every journal can do, wherever it keeps its bytes."""

from __future__ import annotations

import re
from typing import Protocol

from sessions.meter import Meter

SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class JournalMissing(LookupError):
    """There is no recording of that session: never begun, or erased."""


class Journal(Protocol):
    """The open end of a recording, held by one process at a time.

    Each epoch (a socket, or a process that took the session over) begins a part, and counts only up to where
    the next one's first begins: what an older holder still writes past that is not read. `append` is called
    from the event loop and never waits; everything else may wait for a disk or a network and is called from a
    thread. All raise OSError where bytes cannot be kept; then `size_bytes` says what is.
    """

    sync_interval_s: float
    """How often to flush where nobody waits for acks: what the worst may cost."""
    meter: Meter
    """What the journal held when it was opened; whoever appends goes on counting."""

    @property
    def size_bytes(self) -> int:
        """Every accepted byte of the session, those of earlier holders included."""

    @property
    def synced_bytes(self) -> int:
        """How many of them are where every process of the installation finds them, whatever dies here."""

    def open_part(self, epoch: int) -> None:
        """Go on in a new part. Where that raises, the journal is as it was."""

    def append(self, data: bytes) -> None:
        """All of it or nothing."""

    def sync(self) -> int:
        """Flush; returns `synced_bytes`."""

    def seal(self) -> int:
        """Flush, and append no more until `open_part`; returns `synced_bytes`."""

    def close(self) -> None:
        """Let go without flushing; `open_part` goes on."""


def checked(session_id: str) -> str:
    """Raises ValueError for what is not a session id: it becomes the name of a place."""
    if not SESSION_ID.fullmatch(session_id):
        raise ValueError("not a session id")
    return session_id
