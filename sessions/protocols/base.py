"""The seam between a wire protocol and the session core.

A codec turns a frame into commands and a notice into frames. It waits for nothing and knows no socket, so a
new protocol is one new file. Commands and notices carry a literal tag and are the same for every protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from sessions.parameters import StreamParameters
from transcription.models import Word
from transcription.streaming.analytics import AnalyticsSnapshot
from transcription.streaming.turns import StreamTurn

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


@dataclass(frozen=True, slots=True)
class Flush:
    """What has been sent so far is to become final now."""

    tag: Literal["flush"] = "flush"


@dataclass(frozen=True, slots=True)
class Clear:
    """What has been sent so far and is not final is to be forgotten."""

    tag: Literal["clear"] = "clear"


@dataclass(frozen=True, slots=True)
class Silence:
    """So much audio did not come, and silence takes its place. `length`: as the session's meter counts."""

    length: int
    tag: Literal["silence"] = "silence"


@dataclass(frozen=True, slots=True)
class Complain:
    """What the client sent has a fault that it is to be told of; the session goes on."""

    code: str
    message: str
    tag: Literal["complain"] = "complain"


Command: TypeAlias = Audio | Ping | AskInfo | End | Configure | Flush | Clear | Silence | Complain


class InvalidMessage(ValueError):
    """A frame that this protocol does not know; the session goes on."""


# What the server says.


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """What a session runs with. `engine` and `model` None: no live worker has said yet which it has.
    `languages`: primary subtags that the engine reads; None: many, or not known."""

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
    languages: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Features:
    """What of the extras a session was granted."""

    diarization: bool = False
    analytics: bool = False
    semantics: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    session_id: str
    conversation_id: str
    message: str
    config: SessionConfig
    resumed: bool
    next_byte: int
    transcript: str
    features: Features = Features()
    next_media_seq: int = 0
    tag: Literal["opened"] = "opened"


@dataclass(frozen=True, slots=True)
class Heard:
    """The latest revision of a segment. `received_at`: Unix seconds of the last audio it covers, None where
    that is not known. `annotations`: a final's meaning (`transcription.semantic`); empty: nobody read it."""

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
    annotations: Mapping[str, Any] = field(default_factory=dict)
    tag: Literal["heard"] = "heard"


@dataclass(frozen=True, slots=True)
class TurnUpdated:
    """The latest revision of a turn."""

    turn: StreamTurn
    tag: Literal["turn_updated"] = "turn_updated"


@dataclass(frozen=True, slots=True)
class Analysed:
    """Who talks how much and how, so far."""

    snapshot: AnalyticsSnapshot
    tag: Literal["analysed"] = "analysed"


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """`timestamp_s`: on the audio clock."""

    timestamp_s: float
    tag: Literal["speech_started"] = "speech_started"


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    timestamp_s: float
    tag: Literal["speech_ended"] = "speech_ended"


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
class Insight:
    """What was understood of finals while people still talk. `engine`: who understood it."""

    kind: Literal["intent", "answer", "rolling_summary"]
    text: str
    segment_ids: tuple[int, ...]
    engine: str
    tag: Literal["insight"] = "insight"


@dataclass(frozen=True, slots=True)
class FinalText:
    """A final as the end of a session repeats it."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """`total_duration_s`, `speech_s`: of the audio and of the speech in it. `session_duration_s`: since the
    first socket. `lag_s`: how far the transcript was behind. `keeps_audio`: the recording will be stored.
    `turns`: how many there were, None where nobody followed them."""

    session_id: str
    conversation_id: str
    message: str
    reason: str
    full_transcript: str
    total_duration_s: float
    enhancement_job_id: str | None
    session_duration_s: float = 0.0
    speech_s: float = 0.0
    finals: tuple[FinalText, ...] = ()
    lag_s: float = 0.0
    keeps_audio: bool = False
    language: str | None = None
    model: str | None = None
    partials_coalesced: int = 0
    turns: int | None = None
    tag: Literal["ended"] = "ended"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What has changed since a client heard last, as messages of the segment stream."""

    bodies: tuple[Mapping[str, Any], ...]
    tag: Literal["replayed"] = "replayed"


@dataclass(frozen=True, slots=True)
class Restarting:
    """This server goes away, the session does not: its client goes on with it anywhere. `heard_until_s`:
    where its last final ended, None without one; `audio_s`: what was accepted."""

    session_id: str
    message: str
    heard_until_s: float | None
    audio_s: float
    tag: Literal["restarting"] = "restarting"


@dataclass(frozen=True, slots=True)
class Failed:
    """`is_fatal`: False where the session goes on, whatever the code says by itself."""

    code: str
    message: str
    chunk_index: int | None = None
    session_time_s: float | None = None
    is_fatal: bool = True
    tag: Literal["failed"] = "failed"


Notice: TypeAlias = (
    Opened
    | Heard
    | TurnUpdated
    | Analysed
    | SpeechStarted
    | SpeechEnded
    | Acknowledged
    | Info
    | Pong
    | Configured
    | Announced
    | Lagging
    | Insight
    | Ended
    | Replayed
    | Restarting
    | Failed
)


class Codec(Protocol):
    """One per socket: a protocol may keep what it needs to order frames.

    `resume_parameter`: the query parameter that names a session to go on with; None: the path does.
    `hard_lag_s`: a session whose transcript stays this far behind ends; None: it never does for that.
    """

    name: str
    defaults: StreamParameters
    resume_parameter: str | None
    hard_lag_s: float | None

    def decode(self, frame: Frame) -> Sequence[Command]:
        """Raises InvalidMessage."""

    def encode(self, notice: Notice, *, sent_at: float, seq: int | None = None) -> Sequence[Frame]:
        """Frames of a notice, none where the protocol does not say such a thing. `sent_at`: Unix seconds.
        `seq`: of the first message that comes of it, for a protocol that numbers them."""
