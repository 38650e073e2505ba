"""What crosses between the web process and the live worker: task names, Redis keys, messages.

Audio goes neither through the task message nor through the channel layer: with each decode request the new
bytes are appended to the utterance's key in Redis, and the task carries the key and the range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from transcription.engines.base import Hypothesis, HypothesisSegment
from transcription.models import Word

DECODE_TASK = "tasks.live.decode"
SWEEP_SESSIONS_TASK = "tasks.upkeep.sweep_sessions"
LIVE_QUEUE = "live"
BATCH_QUEUE = "batch"
ENGINE_KEY = "ambient:engine:live"
"""JSON of the live engine that is loaded ({engine, model, version, notice, capabilities}). The live worker
writes it when it is ready and keeps it alive (ENGINE_TTL_S); the web process and /readyz read it."""
ENGINE_TTL_S = 15
AUDIO_TTL_S = 120
"""An utterance's audio in Redis: at most 15 s long, decoded again and again while it grows."""


def audio_key(session_id: str, utterance_id: int) -> str:
    """Raw float32 little-endian samples of an utterance, 16 kHz mono, from its first sample on."""
    return f"ambient:audio:{session_id}:{utterance_id}"


def results_channel(process_id: str) -> str:
    """Redis pub/sub channel on which one web process hears what its decodes said."""
    return f"ambient:results:{process_id}"


@dataclass(frozen=True, slots=True)
class DecodeOrder:
    """The arguments of the decode task. `num_samples`: how much of the audio key to read, from its start."""

    session_id: str
    utterance_id: int
    request_id: int
    num_samples: int
    offset_s: float
    is_final: bool
    reply_to: str
    model: str
    language: str | None = None
    prompt: str = ""
    vocabulary: tuple[str, ...] = ()
    queued_at: float = 0.0
    """Unix seconds."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DecodeOrder:
        return cls(**{**data, "vocabulary": tuple(data.get("vocabulary", ()))})


@dataclass(frozen=True, slots=True)
class DecodeReply:
    """What came of an order. `error`: "" | "missing_audio" | "engine_failed"."""

    session_id: str
    request_id: int
    error: str = ""
    message: str = ""
    hypothesis: Hypothesis | None = None
    engine: str = ""
    model: str = ""
    started_at: float = 0.0
    decoded_at: float = 0.0
    worker: str = field(default="")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DecodeReply:
        heard = data.get("hypothesis")
        return cls(**{**data, "hypothesis": _hypothesis(heard) if heard else None})


def _hypothesis(data: Mapping[str, Any]) -> Hypothesis:
    segments = tuple(
        HypothesisSegment(**{**segment, "words": tuple(Word(**word) for word in segment["words"])})
        for segment in data["segments"]
    )
    return Hypothesis(**{**data, "segments": segments})
