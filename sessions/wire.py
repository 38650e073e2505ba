"""What crosses between the web process and the live worker: task names, Redis keys, messages.

Audio goes neither through the task message nor through the channel layer: with each decode request the new
bytes are appended to the utterance's key in Redis, and the task carries the key and the range. A task carries
the orders that several sessions had at the same moment, and an answer what was ready at the same moment:
under load the costs of a message are shared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
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
    """One of the orders that a decode task carries. `num_samples`: how much of the audio key to read, from
    its start."""

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
        return {name: getattr(self, name) for name in _ORDER}

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


_ORDER = tuple(field.name for field in fields(DecodeOrder))
_REPLY = tuple(field.name for field in fields(DecodeReply))
_HYPOTHESIS = tuple(field.name for field in fields(Hypothesis))
_SEGMENT = tuple(field.name for field in fields(HypothesisSegment))
_WORD = tuple(field.name for field in fields(Word))


def write_replies(replies: Iterable[DecodeReply]) -> str:
    """One message on a results channel."""
    return json.dumps([_flat(reply) for reply in replies], separators=(",", ":"))


def read_replies(message: str | bytes) -> list[DecodeReply]:
    """Raises ValueError, KeyError or TypeError for what is no such message."""
    return [
        DecodeReply(**{**data, "hypothesis": heard and _hypothesis(heard)})
        for data in json.loads(message)
        for heard in [data["hypothesis"]]
    ]


def _flat(reply: DecodeReply) -> dict[str, Any]:
    """Words, of which there may be fifty, as lists; `dataclasses.asdict` takes five times as long."""
    data = {name: getattr(reply, name) for name in _REPLY}
    if (heard := reply.hypothesis) is not None:
        data["hypothesis"] = {name: getattr(heard, name) for name in _HYPOTHESIS} | {
            "segments": [
                {name: getattr(segment, name) for name in _SEGMENT}
                | {"words": [[getattr(word, name) for name in _WORD] for word in segment.words]}
                for segment in heard.segments
            ]
        }
    return data


def _hypothesis(data: Mapping[str, Any]) -> Hypothesis:
    segments = tuple(
        HypothesisSegment(**{**segment, "words": tuple(Word(*word) for word in segment["words"])})
        for segment in data["segments"]
    )
    return Hypothesis(**{**data, "segments": segments})
