"""What every journal can do, wherever it keeps its bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from sessions.meter import Meter
from transcription.audio.formats import AudioFormat

PART_NAME = re.compile(r"part-(\d{6})-(\d{15})\.(?:raw|sealed)")
SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class JournalMissing(LookupError):
    """There is no recording of that session: never begun, or erased."""


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """`stored_as`: its name in the storage; empty: it is a file of the folder. `is_sealed`: it has a row."""

    epoch: int
    offset_bytes: int
    size_bytes: int
    stored_as: str = ""
    is_sealed: bool = False

    @property
    def name(self) -> str:
        return f"part-{self.epoch:06d}-{self.offset_bytes:015d}.raw"


@dataclass(frozen=True, slots=True)
class Span:
    """Of the recording, [start, end) in bytes, and the part that has it."""

    part: Part
    start: int
    end: int


def spans_of(parts: Iterable[Part], from_byte: int = 0) -> list[Span]:
    """What is read, in order. A part counts up to where one of a later epoch begins, and nothing counts that
    lies behind a hole: only the loss of power makes one, and only where nothing was acknowledged."""
    ordered = sorted(parts)
    spans: list[Span] = []
    at = 0
    for index, part in enumerate(ordered):
        later = [other.offset_bytes for other in ordered[index + 1 :]]
        end = min([part.offset_bytes + part.size_bytes, *later])
        if part.offset_bytes > at:
            break
        start, at = max(at, part.offset_bytes, from_byte), max(at, end)
        if start < end:
            spans.append(Span(part, start, end))
    return spans


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


class Shelf(Protocol):
    """Where journals lie."""

    def has(self, session_id: str) -> bool: ...

    def format_of(self, session_id: str) -> AudioFormat:
        """Raises JournalMissing."""

    def parts_of(self, session_id: str) -> list[Part]:
        """All of them, in any order."""

    def read(self, session_id: str, span: Span) -> Iterator[bytes]:
        """The bytes of a span. Raises JournalMissing where its part has gone."""

    def erase(self, session_id: str) -> None:
        """Again: no effect."""


def checked(session_id: str) -> str:
    """Raises ValueError for what is not a session id: it becomes the name of a place."""
    if not SESSION_ID.fullmatch(session_id):
        raise ValueError("not a session id")
    return session_id
