"""What a session adds to the events of its core: meaning to finals, turns and figures after them.

Sans-I/O like the core, and without a clock: events in, events out. Nothing here decides when a segment is
final; it only follows those that are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from transcription.models import Segment, Transcript
from transcription.semantic.annotator import KeywordSemanticAnnotator
from transcription.streaming.analytics import AnalyticsSnapshot, snapshot_of
from transcription.streaming.config import StreamConfig
from transcription.streaming.events import FinalSegment, StreamEvent, StreamEventType
from transcription.streaming.turns import StreamTurn, TurnTracker

Number = Callable[[StreamEventType, Mapping[str, Any]], StreamEvent]
"""Makes an event with the next number of the session."""


class Enrichment:
    """One session's. `number`: where events of its own get their `seq`, after those that it was given.
    `awaits_speakers`: whose a final is comes later, by `name`, and its turn with it."""

    def __init__(
        self,
        config: StreamConfig,
        number: Number,
        annotator: KeywordSemanticAnnotator | None = None,
        *,
        awaits_speakers: bool = False,
    ) -> None:
        self._number = number
        self._annotator = (annotator or KeywordSemanticAnnotator()) if config.enable_semantics else None
        self._follows_turns = config.enable_diarization or config.enable_analytics
        self._counts = config.enable_analytics
        self._tracker = TurnTracker()
        self._awaits_speakers = awaits_speakers
        self._unnamed: deque[Segment] = deque()
        self.analytics: AnalyticsSnapshot | None = None
        """The latest; None before the first final, and where they are not asked for."""

    @property
    def turns(self) -> tuple[StreamTurn, ...]:
        return self._tracker.turns

    def follow(self, events: Sequence[StreamEvent]) -> list[StreamEvent]:
        """The events, finals with their annotations, and after them what follows from the finals."""
        said = [self._annotated(event) for event in events]
        for event in tuple(said):
            if not self._follows_turns or not isinstance(event.payload, FinalSegment):
                continue
            if self._awaits_speakers:
                self._unnamed.append(event.payload.segment)
            else:
                said += self._told(self._tracker.add(event.payload.segment), ended=False)
        return said

    def name(self, speaker_id: str | None) -> list[StreamEvent]:
        """Whose the oldest final without a turn is, and what follows from it; nothing where there is none."""
        if not self._unnamed:
            return []
        segment = replace(self._unnamed.popleft(), speaker_id=speaker_id)
        return self._told(self._tracker.add(segment), ended=False)

    def end(self) -> list[StreamEvent]:
        """The stream is over: its last turn is final, and so are the figures. Who was not named is nobody."""
        said: list[StreamEvent] = []
        while self._unnamed:
            said += self.name(None)
        return said + self._told(self._tracker.close(), ended=True)

    def _told(self, turns: Sequence[StreamTurn], *, ended: bool) -> list[StreamEvent]:
        if not turns:
            return []
        events = [self._number(StreamEventType.TURN_UPDATED, {"turn": turn}) for turn in turns]
        if self._counts:
            self.analytics = snapshot_of(self._tracker.turns, ended=ended)
            events.append(self._number(StreamEventType.ANALYTICS_SNAPSHOT, self.analytics.details))
        return events

    def _annotated(self, event: StreamEvent) -> StreamEvent:
        final = event.payload
        if (
            self._annotator is None
            or not isinstance(final, FinalSegment)
            or not reads(final.segment.language)
        ):
            return event
        [segment] = self._annotator.annotate(_alone(final.segment)).segments
        return replace(event, payload=replace(final, segment=segment))


def reads(language: str | None) -> bool:
    """Whether the rules of `transcription.semantic` read a language: English, or one not known yet."""
    return language is None or language.split("-")[0].lower() == "en"


def _alone(segment: Segment) -> Transcript:
    return Transcript("stream", segment.language, (segment,))
