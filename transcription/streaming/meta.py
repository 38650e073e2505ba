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
    """The `meta.stream` block of a v2 transcript. `seq`: the next event's number."""

    session_id: str
    seq: int
    stream_version: int = STREAM_VERSION
    features: Mapping[str, bool] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "session_id": self.session_id,
            "seq": self.seq,
            "stream_version": self.stream_version,
            "features": dict(self.features),
        }


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
