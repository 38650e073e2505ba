"""`/v1/audio/transcriptions/stream` (contract: websocket transcription stream)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sessions.deadlines import LAG_WARNING_S
from sessions.endings import END_BY_DURATION, END_BY_LAG, END_BY_OPERATOR
from sessions.parameters import InvalidParameters, StreamParameters, language_tag
from sessions.protocols.base import (
    Acknowledged,
    Analysed,
    Announced,
    Audio,
    Clear,
    Command,
    Configure,
    Configured,
    End,
    Ended,
    Failed,
    Flush,
    Frame,
    Heard,
    Info,
    Insight,
    InvalidMessage,
    Lagging,
    Notice,
    Opened,
    Pong,
    Replayed,
    Restarting,
    SessionConfig,
    SpeechEnded,
    SpeechStarted,
    TurnUpdated,
)
from sessions.protocols.messages import read_message, write_message
from transcription.streaming.config import StreamConfig

HARD_LAG_S = 5.0
"""Past it for 2 s a session is given up for live, and transcribed as a whole (contract)."""
LISTENING = {"vad_threshold": (int, float), "min_silence_duration_ms": (int,), "prefix_padding_ms": (int,)}
"""What may be said of endpointing, and the types of it; the ranges are StreamConfig's."""
PLAIN_COMMANDS: dict[str, Command] = {"flush": Flush(), "clear": Clear(), "end": End()}
RECOVERABLE = frozenset(
    {
        "invalid_message",
        "invalid_audio",
        "language_unsupported",
        "decode_failed",
        "insufficient_storage",
        "no_capacity",
        "lag_exceeded",
    }
)
"""After these the session goes on, or its client may come back at once."""
TERMINATIONS = {END_BY_OPERATOR.reason: False, END_BY_LAG.reason: True, "restarting": True}
"""Ends that are no `session.end`, and whether coming back is of use."""

Body = dict[str, Any]


class TranscriptionStreamCodec:
    name = "transcription_stream"
    defaults = StreamParameters(interim_results=True, word_timestamps=False)
    resume_parameter: str | None = "resume_session_id"
    hard_lag_s: float | None = HARD_LAG_S

    def __init__(self) -> None:
        self._word_timestamps = self.defaults.word_timestamps

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
        return [write_message(body) for body in self._bodies(notice)]

    def _bodies(self, notice: Notice) -> list[Body]:
        match notice:
            case Opened():
                self._word_timestamps = notice.config.word_timestamps
                bodies = [_begin(notice), *_unsupported_language(notice.config)]
            case Configured():
                bodies = _unsupported_language(notice.config)
            case SpeechStarted():
                bodies = [{"type": "vad.speech_start", "timestamp": round(notice.timestamp_s, 3)}]
            case SpeechEnded():
                bodies = [{"type": "vad.speech_end", "timestamp": round(notice.timestamp_s, 3)}]
            case Heard(is_final=True):
                bodies = [_final(notice, with_words=self._word_timestamps)]
            case Heard():
                bodies = [_partial(notice)]
            case Acknowledged():
                bodies = [_ack(notice)]
            case Lagging():
                bodies = [_lag_warning(notice)]
            case Ended():
                bodies = _ended(notice)
            case Restarting():
                bodies = [_restarting(notice)]
            case Failed():
                bodies = [_error(notice.code, notice.message)]
            case Replayed() | Info() | Pong() | Announced() | Insight() | TurnUpdated() | Analysed():
                bodies = []
        return bodies


def _configure(message: Body) -> Configure:
    changes: dict[str, Any] = {}
    try:
        if "language" in message:
            changes["language"] = language_tag(message["language"])
        for name, types in LISTENING.items():
            if name not in message:
                continue
            value = message[name]
            if type(value) not in types:
                raise InvalidMessage(f"{name}: {'a number' if float in types else 'a whole number'}")
            StreamConfig(**{name: value})  # says what is out of range
            changes[name] = value
    except (InvalidParameters, ValueError) as error:
        raise InvalidMessage(str(error)) from None
    return Configure(tuple(changes.items()))


def _begin(notice: Opened) -> Body:
    config = notice.config
    body: Body = {
        "type": "session.begin",
        "session_id": notice.session_id,
        "conversation_id": notice.conversation_id,
        "config": {
            "sample_rate": config.sample_rate_hz,
            "encoding": config.encoding,
            "channels": config.channels,
            "language": config.language or "auto",
            "model": config.model,
        },
    }
    if notice.resumed:
        body |= {"resumed_from": notice.session_id, "next_byte": notice.next_byte}
    return body


def _unsupported_language(config: SessionConfig) -> list[Body]:
    """One error where the engine does not read the language that was asked for."""
    languages = config.languages
    if not config.language or languages is None or config.language.split("-")[0].lower() in languages:
        return []
    readable = ", ".join(sorted(languages))
    return [_error("language_unsupported", f"{config.engine} reads {readable}, not {config.language}.")]


def _partial(notice: Heard) -> Body:
    return {
        "type": "transcript.partial",
        "text": notice.text,
        "start": round(notice.start_s, 3),
        "end": round(notice.end_s, 3),
        "stable_chars": notice.stable_chars,
    }


def _final(notice: Heard, *, with_words: bool) -> Body:
    body: Body = {
        "type": "transcript.final",
        "text": notice.text,
        "start": round(notice.start_s, 3),
        "end": round(notice.end_s, 3),
        "confidence": None if notice.confidence is None else round(notice.confidence, 4),
    }
    if with_words:
        body["words"] = [
            {
                "word": word.text,
                "start": round(word.start_s, 3),
                "end": round(word.end_s, 3),
                "confidence": None if word.probability is None else round(word.probability, 4),
            }
            for word in notice.words
        ]
    return body


def _ack(notice: Acknowledged) -> Body:
    return {
        "type": "ack",
        "bytes_received": notice.bytes_received,
        "audio_seconds": round(notice.audio_seconds, 3),
    }


def _lag_warning(notice: Lagging) -> Body:
    return {
        "type": "warning",
        "code": "processing_lag",
        "message": f"The transcript is {notice.lag_s:.1f} s behind the audio; no audio is lost.",
        "lag_seconds": round(notice.lag_s, 3),
        "warning_threshold_seconds": LAG_WARNING_S,
        "hard_threshold_seconds": HARD_LAG_S,
    }


def _ended(notice: Ended) -> list[Body]:
    if notice.reason == END_BY_LAG.reason:
        return [_error(END_BY_LAG.reason, notice.message), _terminated(notice)]
    if notice.reason in TERMINATIONS:
        return [_terminated(notice)]
    end = _end(notice)
    return (
        [_error("session_timeout", notice.message), end] if notice.reason == END_BY_DURATION.reason else [end]
    )


def _end(notice: Ended) -> Body:
    body: Body = {
        "type": "session.end",
        "session_id": notice.session_id,
        "total_duration": round(notice.session_duration_s, 3),
        "total_audio_seconds": round(notice.total_duration_s, 3),
        "total_speech_duration": round(notice.speech_s, 3),
        "transcript": notice.full_transcript,
        "segments": [
            {"start": round(final.start_s, 3), "end": round(final.end_s, 3), "text": final.text}
            for final in notice.finals
        ],
        "enhancement_job_id": notice.enhancement_job_id,
    }
    if notice.keeps_audio and notice.total_duration_s > 0:
        body["audio_uri"] = f"/api/v1/conversations/{notice.conversation_id}/audio"
    return body


def _terminated(notice: Ended) -> Body:
    return _broken_off(
        notice.session_id,
        notice.reason,
        heard_until_s=notice.finals[-1].end_s if notice.finals else None,
        audio_s=notice.total_duration_s,
        action="new_session" if TERMINATIONS[notice.reason] else None,
        retry_after_s=notice.lag_s,
    )


def _restarting(notice: Restarting) -> Body:
    return _broken_off(
        notice.session_id,
        notice.tag,
        heard_until_s=notice.heard_until_s,
        audio_s=notice.audio_s,
        action="resume_session",
        retry_after_s=0.0,
    )


def _broken_off(
    session_id: str,
    reason: str,
    *,
    heard_until_s: float | None,
    audio_s: float,
    action: str | None,
    retry_after_s: float,
) -> Body:
    """`action`: what the client may do; None: nothing."""
    body: Body = {
        "type": "session.terminated",
        "session_id": session_id,
        "reason": reason,
        "recoverable": action is not None,
    }
    if heard_until_s is not None:
        body["last_transcript_offset_ms"] = round(heard_until_s * 1000)
    if action is not None:
        body["recovery_hint"] = {
            "action": action,
            "buffer_window_ms": round((audio_s - (heard_until_s or 0.0)) * 1000),
            "retry_after_ms": round(retry_after_s * 1000),
        }
    return body


def _error(code: str, message: str) -> Body:
    return {"type": "error", "code": code, "message": message, "recoverable": code in RECOVERABLE}
