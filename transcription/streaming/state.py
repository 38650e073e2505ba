"""The state of a session rebuilt from its events, as a client or a late subscriber does it.

Events may come twice, out of order, and without any of the partial ones: each is joined to what is known by
its id and revision (or, where it has none, by its `seq`), so the same finals, turns and figures come out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from transcription.models import Segment
from transcription.streaming.analytics import AnalyticsSnapshot
from transcription.streaming.events import (
    EventDetails,
    FinalSegment,
    PartialSegment,
    StreamEvent,
    StreamEventType,
)
from transcription.streaming.turns import StreamTurn


@dataclass(frozen=True, slots=True)
class StreamState:
    """What is known after the events up to `seq`; -1 before the first.

    `finals`, `partials` and `turns` are by id. A partial without text was taken back: it is kept for its
    revision and shown nowhere.
    """

    seq: int = -1
    session_id: str | None = None
    features: Mapping[str, bool] = field(default_factory=dict)
    finals: Mapping[int, Segment] = field(default_factory=dict)
    partials: Mapping[int, PartialSegment] = field(default_factory=dict)
    turns: Mapping[int, StreamTurn] = field(default_factory=dict)
    analytics: AnalyticsSnapshot | None = None
    analytics_seq: int = field(default=-1, compare=False)
    speaking: bool = False
    speaking_seq: int = field(default=-1, compare=False)
    done: Mapping[str, Any] | None = None

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Finals and what is still open (`partial` True), in order of id."""
        known = {i: partial.as_segment() for i, partial in self.partials.items() if partial.text}
        known |= self.finals
        return tuple(known[i] for i in sorted(known))


def apply(state: StreamState, event: StreamEvent) -> StreamState:
    """The state after one more event.

    An event twice, or one older than what is known of its subject, changes nothing; leaving out any partial
    never corrupts a final.
    """
    after, payload = replace(state, seq=max(state.seq, event.seq)), event.payload
    if isinstance(payload, FinalSegment):
        return _with_final(after, payload.segment)
    if isinstance(payload, PartialSegment):
        return _with_partial(after, payload)
    return _with_details(after, event.type, event.seq, payload)


def _with_details(state: StreamState, kind: StreamEventType, seq: int, details: EventDetails) -> StreamState:
    match kind:
        case StreamEventType.READY:
            return replace(state, session_id=details["session_id"], features=details["features"])
        case StreamEventType.SPEECH_STARTED | StreamEventType.SPEECH_ENDED:
            return _with_speaking(state, kind is StreamEventType.SPEECH_STARTED, seq)
        case StreamEventType.TURN_UPDATED:
            return _with_turn(state, details["turn"])
        case StreamEventType.ANALYTICS_SNAPSHOT:
            return _with_analytics(state, AnalyticsSnapshot.of_details(details), seq)
        case StreamEventType.DONE:
            return _with_end(state, details, seq)
    return state


def _with_end(state: StreamState, done: EventDetails, seq: int) -> StreamState:
    """DONE carries what the stop itself made final."""
    state = _with_speaking(replace(state, done=done), False, seq)
    for segment in done["segments"]:
        state = _with_final(state, segment)
    for turn in done["turns"]:
        state = _with_turn(state, turn)
    return state if done["analytics"] is None else _with_analytics(state, done["analytics"], seq)


def _with_final(state: StreamState, segment: Segment) -> StreamState:
    if segment.id in state.finals:
        return state
    partials = {i: partial for i, partial in state.partials.items() if i != segment.id}
    return replace(state, finals={**state.finals, segment.id: segment}, partials=partials)


def _with_partial(state: StreamState, partial: PartialSegment) -> StreamState:
    known = state.partials.get(partial.id)
    if partial.id in state.finals or (known is not None and known.revision >= partial.revision):
        return state
    return replace(state, partials={**state.partials, partial.id: partial})


def _with_turn(state: StreamState, turn: StreamTurn) -> StreamState:
    known = state.turns.get(turn.id)
    if known is not None and known.revision >= turn.revision:
        return state
    return replace(state, turns={**state.turns, turn.id: turn})


def _with_speaking(state: StreamState, speaking: bool, seq: int) -> StreamState:
    return state if seq < state.speaking_seq else replace(state, speaking=speaking, speaking_seq=seq)


def _with_analytics(state: StreamState, analytics: AnalyticsSnapshot, seq: int) -> StreamState:
    if seq < state.analytics_seq:
        return state
    return replace(state, analytics=analytics, analytics_seq=seq)
