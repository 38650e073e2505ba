"""The counters of a session, for whoever runs it: what came in, what went out, what it cost."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from transcription.streaming.events import EventDetails, StreamEvent, StreamEventType


@dataclass(slots=True)
class StreamMetrics:
    """Counted by the session; `record_llm_call` is for the program around it.

    `clock`: seconds, any clock that only grows; the rates of `report` are by it.
    """

    clock: Callable[[], float] = time.monotonic
    chunks: int = 0
    audio_s: float = 0.0
    segments_finalized: int = 0
    segments_partial: int = 0
    turns_final: int = 0
    errors: int = 0
    decodes: int = 0
    decodes_failed: int = 0
    engine_ms: float = 0.0
    decoded_audio_s: float = 0.0
    llm_calls: int = 0
    started_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.started_s = self.clock()

    def record_chunk(self, audio_s: float = 0.0) -> None:
        """A chunk came in: text, or that many seconds of audio."""
        self.chunks += 1
        self.audio_s += audio_s

    def record_event(self, event: StreamEvent) -> None:
        """An event went out."""
        kind = event.type
        self.segments_finalized += kind is StreamEventType.SEGMENT_FINALIZED
        self.segments_partial += kind is StreamEventType.PARTIAL_SEGMENT
        self.errors += kind is StreamEventType.ERROR
        if kind is StreamEventType.TURN_UPDATED and isinstance(event.payload, EventDetails):
            self.turns_final += not event.payload["turn"].partial

    def record_decode(self, window_s: float, engine_ms: float) -> None:
        """An engine answered a window of that length."""
        self.decodes += 1
        self.decoded_audio_s += window_s
        self.engine_ms += engine_ms

    def record_failed_decode(self) -> None:
        self.decodes_failed += 1

    def record_llm_call(self) -> None:
        self.llm_calls += 1

    def report(self) -> dict[str, Any]:
        """All counters and what follows from them; a rate over no time, or of no audio, is None.

        `engine_work`: seconds of audio decoded per second of audio that came. `real_time_factor`: seconds the
        engine took per second of audio that came.
        """
        elapsed_s = self.clock() - self.started_s
        return {
            "elapsed_s": elapsed_s,
            "chunks": self.chunks,
            "chunks_per_s": _ratio(self.chunks, elapsed_s),
            "audio_s": self.audio_s,
            "segments_finalized": self.segments_finalized,
            "segments_partial": self.segments_partial,
            "turns_final": self.turns_final,
            "errors": self.errors,
            "decodes": self.decodes,
            "decodes_failed": self.decodes_failed,
            "engine_s": self.engine_ms / 1000,
            "engine_work": _ratio(self.decoded_audio_s, self.audio_s),
            "real_time_factor": _ratio(self.engine_ms / 1000, self.audio_s),
            "llm_calls": self.llm_calls,
            "llm_calls_per_min": _ratio(self.llm_calls * 60, elapsed_s),
        }


def _ratio(value: float, per: float) -> float | None:
    return value / per if per > 0 else None
