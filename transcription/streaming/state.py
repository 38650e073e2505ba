"""The state of a session rebuilt from its events, as a client or a late subscriber does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from transcription.models import Segment
from transcription.streaming.events import FinalSegment, PartialSegment, StreamEvent, StreamEventType


@dataclass(frozen=True, slots=True)
class StreamState:
    """What is known after the events up to `seq`; -1 before the first."""

    seq: int = -1
    finals: Mapping[int, Segment] = field(default_factory=dict)
    partials: Mapping[int, PartialSegment] = field(default_factory=dict)
    speaking: bool = False
    done: Mapping[str, Any] | None = None

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Finals, then what is still open, in order of id."""
        latest = {i: partial.finalize() for i, partial in self.partials.items()} | dict(self.finals)
        return tuple(latest[i] for i in sorted(latest))


def apply(state: StreamState, event: StreamEvent) -> StreamState:
    """The state after one more event.

    An event twice, or one older than what is known of its segment, changes nothing; leaving out any partial
    never corrupts a final.
    """
    if event.seq <= state.seq:
        return state
    state = replace(state, seq=event.seq)
    payload = event.payload
    if isinstance(payload, FinalSegment):
        return _with_final(state, payload.segment)
    if isinstance(payload, PartialSegment):
        return _with_partial(state, payload)
    if event.type in {StreamEventType.SPEECH_STARTED, StreamEventType.SPEECH_ENDED}:
        return replace(state, speaking=event.type is StreamEventType.SPEECH_STARTED)
    if event.type is StreamEventType.DONE:
        return replace(state, done=payload)
    return state


def _with_final(state: StreamState, segment: Segment) -> StreamState:
    if segment.id in state.finals:
        return state
    partials = {i: partial for i, partial in state.partials.items() if i != segment.id}
    return replace(state, finals={**state.finals, segment.id: segment}, partials=partials)


def _with_partial(state: StreamState, partial: PartialSegment) -> StreamState:
    known = state.partials.get(partial.id)
    if partial.id in state.finals or (known is not None and known.revision >= partial.revision):
        return state
    partials = {i: other for i, other in state.partials.items() if i != partial.id}
    if partial.text:
        partials[partial.id] = partial
    return replace(state, partials=partials)
