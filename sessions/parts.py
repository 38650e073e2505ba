"""What a live session is made of."""

from __future__ import annotations

from dataclasses import dataclass

from sessions.clock import Clock
from sessions.closing import Closing
from sessions.deadlines import Deadlines
from sessions.figures import SessionFigures
from sessions.numbering import Numbering
from sessions.parameters import StreamParameters
from sessions.recorder import Recorder
from sessions.records import SessionIdentity, SessionRecords
from sessions.seat import Seat
from sessions.speaking import Speaker
from sessions.transcriber import Transcriber


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session is made of (`sessions.making` puts it together)."""

    identity: SessionIdentity
    parameters: StreamParameters
    seat: Seat
    numbering: Numbering
    next_media_seq: int
    deadlines: Deadlines
    last_activity: float
    """Unix seconds."""
    records: SessionRecords
    recorder: Recorder
    transcriber: Transcriber
    speaker: Speaker
    closing: Closing
    figures: SessionFigures
    clock: Clock
