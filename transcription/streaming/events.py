"""What a streaming session says, and what it asks for. Frozen, JSON-able, without a transport.

`StreamEvent.seq` grows by one per event of a session. A later event with the same segment id and a higher
revision replaces the earlier one; a finalised segment never changes again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from transcription.models import Segment, Word, join_text


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
        return replace(self.as_segment(), partial=False, revision=None)

    def as_segment(self) -> Segment:
        """What is known of it now, marked as open: an item of a live session's v2 document."""
        return Segment(
            id=self.id,
            start_s=self.start_s,
            end_s=self.end_s,
            text=self.text,
            speaker_id=self.speaker_id,
            words=self.words,
            partial=True,
            revision=self.revision,
        )

    def to_json(self) -> dict[str, Any]:
        return {**self.as_segment().to_json(), "stable_chars": self.stable_chars}


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

    def to_json(self) -> dict[str, Any]:
        return {**self.segment.to_json(), "partial": False, "revision": self.revision}


class EventDetails(Mapping[str, Any]):
    """What an event that is not about one segment says: read-only, by the names of the wire."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = dict(fields)

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"EventDetails({self._fields!r})"

    @property
    def text(self) -> str:
        """The words that the event carries (a turn's, those that a stop made final); else empty."""
        if (turn := self._fields.get("turn")) is not None:
            return str(turn.text)
        segments = self._fields.get("segments", ())
        return join_text((segment.text for segment in segments), self._fields.get("language"))

    def to_json(self) -> dict[str, Any]:
        return {name: _plain(value) for name, value in self._fields.items()}


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event. `payload`: PartialSegment, FinalSegment, or EventDetails for the rest; all have `text`."""

    type: StreamEventType
    seq: int
    payload: PartialSegment | FinalSegment | EventDetails
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

    def to_json(self) -> dict[str, Any]:
        """The frame of the segment stream (stream_version 1): type, seq and the fields of that type."""
        data: dict[str, Any] = {"type": self.type.value, "seq": self.seq}
        if isinstance(self.payload, EventDetails):
            return data | self.payload.to_json()
        segment = self.payload.to_json()
        annotations = segment.pop("annotations", {})
        data["segment"] = segment
        if "semantic" in annotations:
            data["annotations"] = annotations["semantic"]
        return data


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


def _plain(value: Any) -> Any:
    """JSON of what an event holds: our own types by their `to_json`."""
    if hasattr(value, "to_json"):
        return value.to_json()
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
