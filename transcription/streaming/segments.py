"""The outward face of utterances: segment ids, revisions, and what was shown last.

An id is taken by the first utterance that has text to show, so none is ever skipped; it counts up when the
segment is final. Only the oldest utterance that is not final is ever shown, so ids are in order of start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from transcription.engines.base import SAMPLE_RATE_HZ, HypothesisSegment
from transcription.models import Segment, Word, join_text
from transcription.streaming.events import (
    EventDetails,
    FinalSegment,
    PartialSegment,
    StreamEvent,
    StreamEventType,
)
from transcription.streaming.start import StartAt


class SegmentWriter:
    """Makes the events of a session, numbered."""

    def __init__(self, start: StartAt) -> None:
        self._seq = 0
        self._segment_id = start.segment_id
        self._revision = start.revision
        self._shown: PartialSegment | None = None
        self._final_until_s = start.settled_until / SAMPLE_RATE_HZ

    def event(
        self,
        kind: StreamEventType,
        payload: PartialSegment | FinalSegment | Mapping[str, Any],
        request_id: int | None = None,
    ) -> StreamEvent:
        said = payload if isinstance(payload, (PartialSegment, FinalSegment)) else EventDetails(payload)
        event = StreamEvent(kind, self._seq, said, request_id)
        self._seq += 1
        return event

    def partial(
        self,
        words: Sequence[Word],
        stable: int,
        *,
        start_s: float,
        end_s: float,
        language: str | None,
        timed: bool,
        request_id: int | None,
    ) -> list[StreamEvent]:
        """Show the words of an open utterance; nothing where nothing changed."""
        if not words:
            return self.withdraw(request_id)
        placed = self._placed(words, start_s, end_s)
        shown = PartialSegment(
            id=self._segment_id,
            start_s=placed[0].start_s,
            end_s=placed[-1].end_s,
            text=join_text((word.text for word in placed), language),
            revision=self._revision,
            stable_chars=len(join_text((word.text for word in placed[:stable]), language)),
            words=placed if timed else (),
        )
        return self._show(shown, request_id)

    def withdraw(self, request_id: int | None = None) -> list[StreamEvent]:
        """Take back what was shown and is not final, by an empty text. The id stays free."""
        if self._shown is None or not self._shown.text:
            return []
        return self._show(replace(self._shown, text="", stable_chars=0, words=()), request_id)

    def final(
        self,
        words: Sequence[Word],
        *,
        start_s: float,
        end_s: float,
        covers_until: int,
        heard: Sequence[HypothesisSegment],
        language: str | None,
        timed: bool,
        request_id: int | None,
    ) -> list[StreamEvent]:
        """Close the segment for good. No words, no segment."""
        if not words:
            return self.withdraw(request_id)
        placed = self._placed(words, start_s, end_s)
        segment = Segment(
            id=self._segment_id,
            start_s=placed[0].start_s,
            end_s=placed[-1].end_s,
            text=join_text((word.text for word in placed), language),
            words=placed if timed else (),
            language=language,
            avg_logprob=_mean(heard, "avg_logprob"),
            no_speech_prob=_mean(heard, "no_speech_prob"),
            compression_ratio=_mean(heard, "compression_ratio"),
        )
        payload = FinalSegment(segment, self._revision, covers_until)
        self._segment_id += 1
        self._revision = 0
        self._shown = None
        self._final_until_s = max(segment.end_s, covers_until / SAMPLE_RATE_HZ)
        return [self.event(StreamEventType.FINAL_SEGMENT, payload, request_id)]

    def _show(self, shown: PartialSegment, request_id: int | None) -> list[StreamEvent]:
        shown = replace(shown, revision=self._revision)
        if self._shown is not None and replace(self._shown, revision=self._revision) == shown:
            return []
        self._shown = shown
        self._revision += 1
        return [self.event(StreamEventType.PARTIAL_SEGMENT, shown, request_id)]

    def _placed(self, words: Sequence[Word], start_s: float, end_s: float) -> tuple[Word, ...]:
        """The words within the utterance and after the last final, their times never running backwards."""
        at_s = max(start_s, self._final_until_s)
        end_s = max(end_s, at_s)
        placed = []
        for word in words:
            begin_s = min(max(word.start_s, at_s), end_s)
            at_s = min(max(word.end_s, begin_s), end_s)
            placed.append(replace(word, text=word.text.strip(), start_s=begin_s, end_s=at_s))
        return tuple(placed)


def _mean(segments: Sequence[HypothesisSegment], name: str) -> float | None:
    """The mean of a figure, weighted by the segments' length; None unless all have it."""
    values = [getattr(segment, name) for segment in segments]
    weights = [max(segment.end_s - segment.start_s, 1e-3) for segment in segments]
    if not values or None in values:
        return None
    return float(sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights))
