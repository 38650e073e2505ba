"""What a transcriber hands on: the core's events, with where they came from."""

from __future__ import annotations

from dataclasses import dataclass

from transcription.engines.base import SAMPLE_RATE_HZ, Samples
from transcription.models import Segment
from transcription.streaming.events import StreamEvent


@dataclass(frozen=True, slots=True)
class DecodeTimes:
    """An answered decode. `processing_ms`: from its start in the worker to its answer."""

    queued_at: float
    started_at: float
    decoded_at: float
    model: str
    end_sample: int

    @property
    def processing_ms(self) -> float:
        return (self.decoded_at - self.started_at) * 1000


@dataclass(frozen=True, slots=True)
class Spoken:
    """An event and the decode that brought it (None: nothing was decoded yet)."""

    event: StreamEvent
    decode: DecodeTimes | None
    speech_ended_at: float | None = None
    samples: Samples | None = None
    """Of a final whose speaker is to be told by the voice."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """Audio that its client took back, seconds on the audio clock. It comes before the events it caused."""

    start_s: float
    end_s: float


def samples_of(segment: Segment, window_start: int, window: Samples) -> Samples:
    """The audio of a final, from its first word to its last, out of the window that it came of."""
    start = round(segment.start_s * SAMPLE_RATE_HZ) - window_start
    end = round(segment.end_s * SAMPLE_RATE_HZ) - window_start
    return window[max(0, start) : max(0, end)].copy()
