"""What a streaming session says about itself, and what any session of this kind can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from transcription.engines.base import Samples
from transcription.models import Transcript
from transcription.streaming.config import StreamConfig
from transcription.streaming.events import StreamEvent

STREAM_VERSION = 1


@dataclass(frozen=True, slots=True)
class StreamMeta:
    """The `meta.stream` block of a v2 transcript. `seq`: the next event's number. `features`: what is on.
    `start_at`: when the session began, ISO 8601; None: it has not, or nobody knows."""

    session_id: str
    seq: int
    stream_version: int = STREAM_VERSION
    features: Mapping[str, bool] = field(default_factory=dict)
    start_at: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "session_id": self.session_id,
            "seq": self.seq,
            "stream_version": self.stream_version,
            "start_at": self.start_at,
            "features": dict(self.features),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StreamMeta:
        """Raises ValueError for a stream version that is not read here."""
        if data["stream_version"] != STREAM_VERSION:
            raise ValueError(f"stream_version {data['stream_version']!r}: only {STREAM_VERSION} is read here")
        return cls(
            session_id=data["session_id"],
            seq=int(data["seq"]),
            features=dict(data.get("features", {})),
            start_at=data.get("start_at"),
        )


class StreamingSessionProtocol(Protocol):
    """A session fed with audio by somebody who reads its events."""

    @property
    def session_id(self) -> str: ...

    @property
    def config(self) -> StreamConfig: ...

    def start(self) -> StreamEvent: ...

    def process_audio(self, audio: bytes | Samples, seq: int | None = None) -> list[StreamEvent]: ...

    def stop(self) -> StreamEvent: ...

    def get_transcript(self) -> Transcript: ...
