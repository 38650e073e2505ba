"""Finals into rows: a chunk with its times and the conversation's live segment, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from conversations.services.words import add_live_segment
from sessions.figures import StepTimes
from sessions.models import RealTimeTranscriptChunk
from sessions.services.holding import held_row
from transcription.models import Segment


@dataclass(frozen=True, slots=True)
class FinalChunk:
    """A final segment on its way into rows."""

    chunk_index: int
    revision: int
    segment: Segment
    model: str
    processing_ms: float
    audio_size_bytes: int
    times: StepTimes
    covers_until_s: float
    """Where the next segment may begin."""
    speech_ended_at: float | None = None


@transaction.atomic
def commit_final(
    *, session_id: str, process_id: str, conversation_id: str, chunk: FinalChunk, sent: Mapping[int, float]
) -> None:
    """Write a final, and when earlier ones were sent ({chunk_index: Unix seconds}).

    The same chunk again changes nothing: an attempt whose answer was lost may be repeated.
    Raises NotHeld where another process has taken the session, and RealTimeSession.DoesNotExist.
    """
    session = held_row(session_id, process_id)
    segment = chunk.segment
    RealTimeTranscriptChunk.objects.bulk_create(
        [
            RealTimeTranscriptChunk(
                session=session,
                chunk_index=chunk.chunk_index,
                segment_id=segment.id,
                revision=chunk.revision,
                text=segment.text,
                start_s=segment.start_s,
                end_s=segment.end_s,
                covers_until_s=chunk.covers_until_s,
                language=segment.language or "",
                confidence=segment.confidence,
                segments=[_segment_json(segment)],
                model_used=chunk.model,
                processing_time_ms=chunk.processing_ms,
                audio_size_bytes=chunk.audio_size_bytes,
                speech_ended_at=moment(chunk.speech_ended_at),
                received_at=datetime.fromtimestamp(chunk.times.received_at, UTC),
                queued_at=moment(chunk.times.queued_at),
                started_at=moment(chunk.times.started_at),
                decoded_at=moment(chunk.times.decoded_at),
                committed_at=timezone.now(),
            )
        ],
        ignore_conflicts=True,
    )
    add_live_segment(conversation_id=UUID(conversation_id), segment=segment)
    write_sent_times(session_id=session_id, process_id=process_id, sent=sent)


def write_sent_times(*, session_id: str, process_id: str, sent: Mapping[int, float]) -> None:
    """When finals went out, {chunk_index: Unix seconds}, each once; nothing where another process has the
    session."""
    for chunk_index, sent_at in sent.items():  # one, nearly always
        RealTimeTranscriptChunk.objects.filter(
            session__session_id=session_id,
            session__process_id=process_id,
            chunk_index=chunk_index,
            sent_at__isnull=True,
        ).update(sent_at=moment(sent_at))


def moment(unix_s: float | None) -> datetime | None:
    return None if unix_s is None else datetime.fromtimestamp(unix_s, UTC)


def _segment_json(segment: Segment) -> dict[str, object]:
    return {
        "id": segment.id,
        "start": round(segment.start_s, 3),
        "end": round(segment.end_s, 3),
        "text": segment.text,
        "avg_logprob": segment.avg_logprob,
        "no_speech_prob": segment.no_speech_prob,
        "compression_ratio": segment.compression_ratio,
        "words": [word.to_json() for word in segment.words],
    }
