"""Segments out of text chunks, for those who bring a recogniser of their own.

A chunk extends the open segment where the speaker is the same and the gap is no longer than `max_gap_sec`;
else the open one is final and a new one opens.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from transcription.engines.base import SAMPLE_RATE_HZ
from transcription.models import Segment, join_text
from transcription.streaming.config import StreamConfig
from transcription.streaming.events import (
    EventDetails,
    FinalSegment,
    PartialSegment,
    StreamEvent,
    StreamEventType,
)


class StreamChunk(TypedDict):
    """A piece of recognised text; times in seconds."""

    start: float
    end: float
    text: str
    speaker_id: str | None


@dataclass(frozen=True, slots=True)
class StreamSegment:
    """The segment that chunks are gathered in. Times in seconds."""

    start: float
    end: float
    text: str
    speaker_id: str | None = None


class TextSegmenter:
    """The state of one stream of chunks."""

    def __init__(self, config: StreamConfig) -> None:
        self._config = config
        self._open: StreamSegment | None = None
        self._latest_s = -math.inf
        self._segment_id = 0
        self._revision = 0
        self._seq = 0

    def ingest(self, chunk: StreamChunk) -> list[StreamEvent]:
        """Zero or one final, then exactly one partial. Raises ValueError where time goes backwards."""
        start, end = chunk["start"], chunk["end"]
        if not (math.isfinite(start) and math.isfinite(end)) or not 0 <= start <= end:
            raise ValueError(f"a chunk from {start} to {end} s")
        if start < self._latest_s:
            raise ValueError(f"a chunk that starts at {start} s, after one that ended at {self._latest_s} s")
        self._latest_s = end
        current, speaker_id = self._open, chunk.get("speaker_id")
        fits = (
            current is not None
            and current.speaker_id == speaker_id
            and start - current.end <= self._config.max_gap_sec
        )
        if current is not None and fits:
            text = join_text((current.text, chunk["text"]), self._config.language)
            self._open = replace(current, end=end, text=text)
            return [self._partial(self._open)]
        events = self.flush()
        self._open = StreamSegment(start, end, chunk["text"].strip(), speaker_id)
        return [*events, self._partial(self._open)]

    def flush(self) -> list[StreamEvent]:
        """The open segment, if any, as final."""
        if self._open is None:
            return []
        current, self._open = self._open, None
        segment = Segment(
            id=self._segment_id,
            start_s=current.start,
            end_s=current.end,
            text=current.text,
            speaker_id=current.speaker_id,
            language=self._config.language,
        )
        final = FinalSegment(segment, self._revision, round(current.end * SAMPLE_RATE_HZ))
        self._segment_id += 1
        self._revision = 0
        return [self.event(StreamEventType.FINAL_SEGMENT, final)]

    def event(
        self, kind: StreamEventType, payload: PartialSegment | FinalSegment | Mapping[str, Any]
    ) -> StreamEvent:
        """An event with the stream's next number."""
        self._seq += 1
        said = payload if isinstance(payload, (PartialSegment, FinalSegment)) else EventDetails(payload)
        return StreamEvent(kind, self._seq - 1, said)

    def _partial(self, current: StreamSegment) -> StreamEvent:
        partial = PartialSegment(
            id=self._segment_id,
            start_s=current.start,
            end_s=current.end,
            text=current.text,
            revision=self._revision,
            stable_chars=len(current.text),  # chunks are only ever added to
            speaker_id=current.speaker_id,
        )
        self._revision += 1
        return self.event(StreamEventType.PARTIAL_SEGMENT, partial)
