"""What a session says, as messages of the segment stream without their `seq`: for its codec and the feed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sessions.protocols.base import (
    Acknowledged,
    Analysed,
    Announced,
    Configured,
    Ended,
    Failed,
    Features,
    Heard,
    Info,
    Insight,
    Lagging,
    Notice,
    Opened,
    Pong,
    Replayed,
    Restarting,
    SpeechEnded,
    SpeechStarted,
    TurnUpdated,
)
from transcription.streaming.meta import STREAM_VERSION

NOT_FATAL = frozenset({"invalid_message", "media_gap", "decode_failed"})
"""After these errors the session goes on."""

Body = dict[str, Any]


def bodies_of(notice: Notice, *, words: bool) -> list[Body]:
    """Messages of a notice in order, none where this protocol does not say such a thing.

    `words`: whether a segment brings its words. `events_sent` of a `done` is for the sender to fill in.
    """
    bodies: list[Body] = []
    match notice:
        case Opened():
            bodies = [
                ready_body(
                    notice.session_id,
                    notice.conversation_id,
                    notice.features,
                    next_media_seq=notice.next_media_seq,
                )
            ]
        case Heard():
            kind = "segment_finalized" if notice.is_final else "partial_segment"
            annotations = {"annotations": dict(notice.annotations)} if notice.annotations else {}
            bodies = [{"type": kind, "segment": _segment(notice, words=words), **annotations}]
        case TurnUpdated():
            bodies = [{"type": "turn_updated", "turn": notice.turn.to_json()}]
        case Analysed():
            bodies = [{"type": "analytics_snapshot", **notice.snapshot.to_json()}]
        case Acknowledged():
            audio_s = round(notice.audio_seconds, 3)
            bodies = [{"type": "ack", "bytes_received": notice.bytes_received, "audio_seconds": audio_s}]
        case Ended():
            cut_short = [] if notice.reason == "end_session" else [error_body(notice.reason, notice.message)]
            bodies = [*cut_short, _done(notice)]
        case Replayed():
            bodies = [dict(body) for body in notice.bodies]
        case Restarting():
            bodies = [error_body(notice.tag, notice.message)]
        case Failed():
            bodies = [error_body(notice.code, notice.message, is_fatal=notice.is_fatal)]
        case Insight() if notice.kind != "intent":  # that is among the annotations here
            bodies = [_insight(notice)]
        case SpeechStarted() | SpeechEnded() | Lagging() | Configured() | Info() | Pong() | Announced():
            pass
        case Insight():
            pass
    return bodies


def error_body(code: str, message: str, *, is_fatal: bool = True) -> Body:
    fatal = is_fatal and code not in NOT_FATAL
    return {"type": "error", "code": code, "message": message, "fatal": fatal}


def item_of(body: Body, seq: int) -> str | None:
    """The item of a session's state that a message tells the latest of; None: it tells of none."""
    item: str | None = None
    match body["type"]:
        case "ready" | "done":
            item = body["type"]
        case "partial_segment" | "segment_finalized":
            item = f"segment:{body['segment']['id']}"
        case "turn_updated":
            item = f"turn:{body['turn']['id']}"
        case "analytics_snapshot":
            item = "analytics"
        case "insight" if body["kind"] == "rolling_summary":
            item = "summary"
        case "insight":
            item = f"insight:{seq}"
    return item


def ready_body(session_id: str, conversation_id: str, features: Features, *, next_media_seq: int = 0) -> Body:
    return {
        "type": "ready",
        "session_id": session_id,
        "conversation_id": conversation_id,
        "stream_version": STREAM_VERSION,
        "features": asdict(features),
        "next_media_seq": next_media_seq,
    }


def _segment(notice: Heard, *, words: bool) -> Body:
    body: Body = {
        "id": notice.segment_id,
        "start": round(notice.start_s, 3),
        "end": round(notice.end_s, 3),
        "text": notice.text,
        "speaker_id": notice.speaker_id,
    }
    if words:
        body["words"] = [word.to_json() for word in notice.words]
    if not notice.is_final:
        body["stable_chars"] = notice.stable_chars
    return body | {"partial": not notice.is_final, "revision": notice.revision}


def _insight(notice: Insight) -> Body:
    return {
        "type": "insight",
        "kind": notice.kind,
        "text": notice.text,
        "segment_ids": list(notice.segment_ids),
        "engine": notice.engine,
    }


def _done(notice: Ended) -> Body:
    """What nobody measured is null: no cache is there to hit, the worker's device is not told, and turns
    are not followed where nothing was asked for that needs them."""
    return {
        "type": "done",
        "session_id": notice.session_id,
        "duration": round(notice.total_duration_s, 3),
        "speech_duration": round(notice.speech_s, 3),
        "language": notice.language,
        "model": notice.model,
        "device": None,
        "cache": {"hits": None, "misses": None},
        "segments": len(notice.finals),
        "turns": notice.turns,
        "events_sent": 0,
        "partials_coalesced": notice.partials_coalesced,
        "conversation_id": notice.conversation_id,
    }
