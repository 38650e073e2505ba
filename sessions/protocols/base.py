"""The seam between a wire protocol and the session core.

A codec turns a frame into commands and a notice into frames. It waits for nothing and knows no socket, so a
new protocol is one new file. Commands and notices carry a literal tag and are the same for every protocol.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from sessions.parameters import StreamParameters
from transcription.models import Word

Frame: TypeAlias = str | bytes


# What a client says.


@dataclass(frozen=True, slots=True)
class Audio:
    data: bytes
    tag: Literal["audio"] = "audio"


@dataclass(frozen=True, slots=True)
class Ping:
    tag: Literal["ping"] = "ping"


@dataclass(frozen=True, slots=True)
class AskInfo:
    tag: Literal["ask_info"] = "ask_info"


@dataclass(frozen=True, slots=True)
class End:
    tag: Literal["end"] = "end"


@dataclass(frozen=True, slots=True)
class Configure:
    """`changes`: names of StreamParameters with their checked values."""

    changes: tuple[tuple[str, Any], ...]
    tag: Literal["configure"] = "configure"


Command: TypeAlias = Audio | Ping | AskInfo | End | Configure


class InvalidMessage(ValueError):
    """A frame that this protocol does not know; the session goes on."""


# What the server says.


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """What a session runs with. `engine` and `model` None: no live worker has said yet which it has."""

    sample_rate_hz: int
    channels: int
    encoding: str
    chunk_duration_s: float
    overlap_duration_s: float
    model: str | None
    engine: str | None
    language: str | None
    interim_results: bool
    word_timestamps: bool


@dataclass(frozen=True, slots=True)
class Opened:
    session_id: str
    conversation_id: str
    message: str
    config: SessionConfig
    resumed: bool
    next_byte: int
    transcript: str
    tag: Literal["opened"] = "opened"


@dataclass(frozen=True, slots=True)
class Heard:
    """The latest revision of a segment. `received_at`: Unix seconds of the last audio it covers, None where
    that is not known."""

    segment_id: int
    revision: int
    is_final: bool
    text: str
    stable_chars: int
    start_s: float
    end_s: float
    words: tuple[Word, ...]
    confidence: float | None
    avg_logprob: float | None
    no_speech_prob: float | None
    compression_ratio: float | None
    speaker_id: str | None
    model: str | None
    chunk_index: int
    processing_time_ms: float | None
    session_time_s: float
    audio_size_bytes: int
    received_at: float | None
    tag: Literal["heard"] = "heard"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    bytes_received: int
    audio_seconds: float
    tag: Literal["acknowledged"] = "acknowledged"


@dataclass(frozen=True, slots=True)
class Info:
    """`metrics`: names as in contract/02, None where nothing was measured yet."""

    session_id: str
    connected_at: float
    total_chunks: int
    full_transcript: str
    metrics: tuple[tuple[str, float | int | None], ...]
    tag: Literal["info"] = "info"


@dataclass(frozen=True, slots=True)
class Pong:
    server_time: float
    tag: Literal["pong"] = "pong"


@dataclass(frozen=True, slots=True)
class Configured:
    config: SessionConfig
    tag: Literal["configured"] = "configured"


@dataclass(frozen=True, slots=True)
class Announced:
    message: str
    tag: Literal["announced"] = "announced"


@dataclass(frozen=True, slots=True)
class Lagging:
    lag_s: float
    tag: Literal["lagging"] = "lagging"


@dataclass(frozen=True, slots=True)
class Ended:
    session_id: str
    conversation_id: str
    message: str
    reason: str
    full_transcript: str
    total_duration_s: float
    enhancement_job_id: str | None
    tag: Literal["ended"] = "ended"


@dataclass(frozen=True, slots=True)
class Failed:
    code: str
    message: str
    chunk_index: int | None = None
    session_time_s: float | None = None
    tag: Literal["failed"] = "failed"


Notice: TypeAlias = (
    Opened | Heard | Acknowledged | Info | Pong | Configured | Announced | Lagging | Ended | Failed
)


class Codec(Protocol):
    """One per socket: a protocol may keep what it needs to order frames."""

    name: str
    defaults: StreamParameters

    def decode(self, frame: Frame) -> Sequence[Command]:
        """Raises InvalidMessage."""

    def encode(self, notice: Notice, *, sent_at: float) -> Sequence[Frame]:
        """Frames of a notice, none where the protocol does not say such a thing. `sent_at`: Unix seconds."""
