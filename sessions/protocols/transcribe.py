"""`/ws/transcribe`, the native protocol (contract: websocket transcribe)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sessions.parameters import InvalidParameters, StreamParameters, language_tag, vocabulary
from sessions.protocols.base import (
    Acknowledged,
    Analysed,
    Announced,
    AskInfo,
    Audio,
    Command,
    Configure,
    Configured,
    End,
    Ended,
    Failed,
    Frame,
    Heard,
    Info,
    Insight,
    InvalidMessage,
    Lagging,
    Notice,
    Opened,
    Ping,
    Pong,
    Replayed,
    Restarting,
    SessionConfig,
    SpeechEnded,
    SpeechStarted,
    TurnUpdated,
)
from sessions.protocols.messages import read_message, write_message

CONFIGURABLE_FLAGS = ("interim_results", "word_timestamps")
PLAIN_COMMANDS: dict[str, Command] = {"ping": Ping(), "session_info": AskInfo(), "end_session": End()}


class TranscribeCodec:
    name = "transcribe"
    defaults = StreamParameters()
    resume_parameter: str | None = None
    hard_lag_s: float | None = None

    def __init__(self) -> None:
        self._word_timestamps = True

    def decode(self, frame: Frame) -> Sequence[Command]:
        if isinstance(frame, bytes):
            return (Audio(frame),) if frame else ()
        message = read_message(frame)
        kind = message.get("type")
        if isinstance(kind, str) and kind in PLAIN_COMMANDS:
            return (PLAIN_COMMANDS[kind],)
        if kind == "config":
            return (_configure(message),)
        raise InvalidMessage(f"type is one of {', '.join([*PLAIN_COMMANDS, 'config'])}")

    def encode(self, notice: Notice, *, sent_at: float, seq: int | None = None) -> Sequence[Frame]:
        match notice:
            case Opened() | Configured():
                self._word_timestamps = notice.config.word_timestamps
                body = _opened(notice) if isinstance(notice, Opened) else _configured(notice)
            case Heard():
                body = _transcript(notice, sent_at, with_words=self._word_timestamps)
            case Acknowledged():
                body = {
                    "type": "ack",
                    "bytes_received": notice.bytes_received,
                    "audio_seconds": round(notice.audio_seconds, 3),
                }
            case Info():
                body = _info(notice)
            case Pong():
                body = {"type": "pong", "server_time": notice.server_time}
            case Announced() | Restarting():
                body = {"type": "announcement", "message": notice.message}
            case Lagging():
                body = {
                    "type": "warning",
                    "code": "processing_lag",
                    "message": f"The transcript is {notice.lag_s:.1f} s behind the audio; no audio is lost.",
                    "lag_seconds": round(notice.lag_s, 3),
                }
            case Insight():
                body = {
                    "type": "insight",
                    "kind": notice.kind,
                    "text": notice.text,
                    "segment_ids": list(notice.segment_ids),
                    "engine": notice.engine,
                }
            case Ended():
                body = _ended(notice)
            case Failed():
                body = _error(notice)
            case Replayed() | SpeechStarted() | SpeechEnded() | TurnUpdated() | Analysed():
                return ()
        return (write_message(body),)


def _configure(message: dict[str, Any]) -> Configure:
    changes: dict[str, Any] = {}
    try:
        if "language" in message:
            changes["language"] = language_tag(message["language"])
        if "vocabulary" in message:
            changes["vocabulary"] = vocabulary(message["vocabulary"])
    except InvalidParameters as error:
        raise InvalidMessage(str(error)) from None
    for name in CONFIGURABLE_FLAGS:
        if name in message:
            if not isinstance(message[name], bool):
                raise InvalidMessage(f"{name}: true or false")
            changes[name] = message[name]
    return Configure(tuple(changes.items()))


def _config(config: SessionConfig) -> dict[str, Any]:
    return {
        "sample_rate": config.sample_rate_hz,
        "channels": config.channels,
        "encoding": config.encoding,
        "chunk_duration": config.chunk_duration_s,
        "overlap_duration": config.overlap_duration_s,
        "whisper_model": config.model,
        "engine": config.engine,
        "language": config.language or "auto",
    }


def _opened(notice: Opened) -> dict[str, Any]:
    return {
        "type": "connected",
        "session_id": notice.session_id,
        "conversation_id": notice.conversation_id,
        "message": notice.message,
        "config": _config(notice.config),
        "resumed": notice.resumed,
        "next_byte": notice.next_byte,
        "transcript": notice.transcript,
    }


def _configured(notice: Configured) -> dict[str, Any]:
    config = _config(notice.config)
    config["interim_results"] = notice.config.interim_results
    config["word_timestamps"] = notice.config.word_timestamps
    return {"type": "config_updated", "config": config}


def _transcript(notice: Heard, sent_at: float, *, with_words: bool) -> dict[str, Any]:
    segment: dict[str, Any] = {
        "id": notice.segment_id,
        "start": round(notice.start_s, 3),
        "end": round(notice.end_s, 3),
        "text": notice.text,
        "avg_logprob": notice.avg_logprob,
        "no_speech_prob": notice.no_speech_prob,
        "compression_ratio": notice.compression_ratio,
        "words": [_word(word) for word in notice.words] if with_words else [],
    }
    latency_ms = None if notice.received_at is None else round((sent_at - notice.received_at) * 1000, 1)
    return {
        "type": "transcript",
        "text": notice.text,
        "is_final": notice.is_final,
        "stable_chars": notice.stable_chars,
        "confidence": None if notice.confidence is None else round(notice.confidence, 4),
        "model_used": notice.model,
        "start_time": round(notice.start_s, 3),
        "end_time": round(notice.end_s, 3),
        "segment_id": notice.segment_id,
        "revision": notice.revision,
        "speaker_id": notice.speaker_id,
        "segments": [segment],
        "chunk_index": notice.chunk_index,
        "processing_time_ms": _rounded(notice.processing_time_ms),
        "session_time": round(notice.session_time_s, 3),
        "audio_duration": round(notice.end_s - notice.start_s, 3),
        "audio_size_bytes": notice.audio_size_bytes,
        "latency_ms": latency_ms,
    }


def _word(word: Any) -> dict[str, Any]:
    data: dict[str, Any] = word.to_json()
    data.pop("speaker_id", None)
    return data


def _info(notice: Info) -> dict[str, Any]:
    return {
        "type": "session_info",
        "session_id": notice.session_id,
        "connected_at": datetime.fromtimestamp(notice.connected_at, UTC).isoformat(timespec="milliseconds"),
        "total_chunks": notice.total_chunks,
        "full_transcript": notice.full_transcript,
        "metrics": dict(notice.metrics),
    }


def _ended(notice: Ended) -> dict[str, Any]:
    return {
        "type": "session_ended",
        "session_id": notice.session_id,
        "message": notice.message,
        "reason": notice.reason,
        "full_transcript": notice.full_transcript,
        "total_duration": round(notice.total_duration_s, 3),
        "conversation_id": notice.conversation_id,
        "enhancement_job_id": notice.enhancement_job_id,
        "status_url": f"/api/v1/conversations/{notice.conversation_id}",
    }


def _error(notice: Failed) -> dict[str, Any]:
    body: dict[str, Any] = {"type": "error", "code": notice.code, "message": notice.message}
    if notice.chunk_index is not None:
        body["chunk_index"] = notice.chunk_index
    if notice.session_time_s is not None:
        body["session_time"] = round(notice.session_time_s, 3)
    return body


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
