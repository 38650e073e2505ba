"""What a session has said so far: kept by the façade, since the core lets go of finals once handed out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from transcription.models import Segment
from transcription.streaming.events import (
    EventDetails,
    FinalSegment,
    PartialSegment,
    StreamEvent,
    StreamEventType,
)


class SessionRecord:
    """Finals in order, the segment that is open, and where the numbering stands."""

    def __init__(self, language: str | None) -> None:
        self.language = language
        """The first that a final named, where none was set."""
        self.finals: list[Segment] = []
        self.open: PartialSegment | None = None
        self.next_seq = 0
        self.speaking = False
        self.ready: Mapping[str, Any] | None = None
        self.done: Mapping[str, Any] | None = None

    def note(self, events: Sequence[StreamEvent]) -> None:
        for event in events:
            self.next_seq = event.seq + 1
            if isinstance(event.payload, FinalSegment):
                self._final(event.payload.segment)
            elif isinstance(event.payload, PartialSegment):
                self.open = event.payload
            else:
                self._details(event.type, event.payload)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Finals, and last what is open."""
        if self.open is None or not self.open.text:
            return tuple(self.finals)
        return (*self.finals, self.open.as_segment())

    @property
    def speech_s(self) -> float:
        return sum(segment.end_s - segment.start_s for segment in self.finals)

    def _final(self, segment: Segment) -> None:
        self.finals.append(segment)
        self.language = self.language or segment.language
        if self.open is not None and self.open.id == segment.id:
            self.open = None

    def _details(self, kind: StreamEventType, details: EventDetails) -> None:
        match kind:
            case StreamEventType.READY:
                self.ready = details
            case StreamEventType.SPEECH_STARTED:
                self.speaking = True
            case StreamEventType.SPEECH_ENDED:
                self.speaking = False
            case StreamEventType.DONE:
                self.done, self.speaking = details, False
