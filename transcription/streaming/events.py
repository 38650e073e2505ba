"""What a streaming session says, and what it asks for. Frozen, JSON-able, without a transport.

`StreamEvent.seq` grows by one per event of a session. A later event with the same segment id and a higher
revision replaces the earlier one; a finalised segment never changes again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from transcription.models import Segment, Word


class StreamEventType(StrEnum):
    READY = "ready"
    SPEECH_STARTED = "speech_started"
    SPEECH_ENDED = "speech_ended"
    PARTIAL_SEGMENT = "partial_segment"
    SEGMENT_FINALIZED = "segment_finalized"
    FINAL_SEGMENT = "segment_finalized"  # the same member: the contract knows it by both names
    TURN_UPDATED = "turn_updated"
    ANALYTICS_SNAPSHOT = "analytics_snapshot"
    ERROR = "error"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class PartialSegment:
    """The latest revision of a segment that is still open. `stable_chars`: code points of text that
    successive hypotheses agreed on and that are expected to stay. An empty text takes back what was shown:
    the engine thought better of it, and the next segment may reuse the id with the next revision."""

    id: int
    start_s: float
    end_s: float
    text: str
    revision: int
    stable_chars: int = 0
    words: tuple[Word, ...] = ()
    speaker_id: str | None = None
    partial: bool = True

    @property
    def start(self) -> float:
        return self.start_s

    @property
    def end(self) -> float:
        return self.end_s

    def finalize(self) -> Segment:
        """The segment as it would be if nothing more came."""
        return Segment(
            id=self.id,
            start_s=self.start_s,
            end_s=self.end_s,
            text=self.text,
            speaker_id=self.speaker_id,
            words=self.words,
        )


@dataclass(frozen=True, slots=True)
class FinalSegment:
    """A segment whose utterance closed. Never revised."""

    segment: Segment
    revision: int
    covers_until_sample: int
    """First sample that the next segment may start at: where audio before it is done with."""

    @property
    def text(self) -> str:
        return self.segment.text


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event. `payload`: PartialSegment, FinalSegment, or a mapping for the rest."""

    type: StreamEventType
    seq: int
    payload: PartialSegment | FinalSegment | Mapping[str, Any]
    request_id: int | None = None
    """The decode that caused it; None where audio or an end did."""

    @property
    def segment(self) -> Segment | PartialSegment:
        """The segment that this event is about. Raises AttributeError on events about something else."""
        if isinstance(self.payload, FinalSegment):
            return self.payload.segment
        if isinstance(self.payload, PartialSegment):
            return self.payload
        raise AttributeError(f"a {self.type.value} event carries no segment")


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """A window that the core wants decoded. Samples [start_sample, end_sample) of the session.

    `utterance_id` grows by one per utterance; all windows of one utterance start at the same sample.
    """

    id: int
    utterance_id: int
    start_sample: int
    end_sample: int
    is_final: bool
    language: str | None
    prompt: str
    vocabulary: tuple[str, ...] = field(default=())
