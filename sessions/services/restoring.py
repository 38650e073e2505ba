"""What the rows know of a session that goes on: enough to continue as if nothing had happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from conversations.selectors import LIVE_RUN_NUMBER, segments_of
from sessions.figures import SessionFigures, StepTimes
from sessions.models import RealTimeSession, RealTimeTranscriptChunk
from sessions.parameters import StreamParameters
from sessions.services.holding import CLEARED_OPTION
from transcription.models import Segment, Word


@dataclass(frozen=True, slots=True)
class Past:
    """`figures`: of the finals; what was counted between them went with the process that counted it.
    `covered`: of each final, where what comes after it begins. `cleared_until_s`: of what was taken back."""

    parameters: StreamParameters
    language: str
    finals: tuple[Segment, ...]
    covered: tuple[float, ...]
    cleared_until_s: float
    next_media_seq: int
    figures: SessionFigures

    @property
    def next_segment_id(self) -> int:
        return self.finals[-1].id + 1 if self.finals else 0

    def settled_until_s(self, speaker_id: str | None) -> float:
        """Audio before it is final, or was taken back; the rest has to be heard again. `speaker_id`: of the
        channel that is meant, None: all that was said."""
        own = [until_s for final, until_s in self._of(speaker_id)]
        return max([self.cleared_until_s, *own])

    def last_word(self, speaker_id: str | None) -> str:
        """Of what is final; empty where nothing is."""
        words = [word for final, _ in self._of(speaker_id)[-1:] for word in final.text.split()]
        return words[-1] if words else ""

    def _of(self, speaker_id: str | None) -> list[tuple[Segment, float]]:
        pairs = zip(self.finals, self.covered, strict=True)
        return [pair for pair in pairs if speaker_id is None or pair[0].speaker_id == speaker_id]

    @property
    def speech_s(self) -> float:
        """Of the finals: where speech began and ended exactly is not in the rows."""
        return sum(final.end_s - final.start_s for final in self.finals)


def read_past(session_id: str) -> Past:
    """Raises RealTimeSession.DoesNotExist."""
    row = RealTimeSession.objects.get(session_id=session_id)
    chunks = list(row.chunks.order_by("chunk_index"))
    speakers = dict(segments_of(row.conversation, LIVE_RUN_NUMBER).values_list("number", "speaker_label"))
    return Past(
        parameters=StreamParameters.from_json(row.options),
        language=row.language or next((chunk.language for chunk in chunks if chunk.language), ""),
        finals=tuple(_segment(chunk, speakers.get(chunk.segment_id) or None) for chunk in chunks),
        covered=tuple(
            chunk.end_s if chunk.covers_until_s is None else chunk.covers_until_s for chunk in chunks
        ),
        cleared_until_s=max((end_s for _, end_s in row.options.get(CLEARED_OPTION, [])), default=0.0),
        next_media_seq=row.next_media_seq,
        figures=_figures(chunks),
    )


def _segment(chunk: RealTimeTranscriptChunk, speaker_id: str | None) -> Segment:
    words = chunk.segments[0]["words"] if chunk.segments else []
    return Segment(
        chunk.segment_id,
        chunk.start_s,
        chunk.end_s,
        chunk.text,
        speaker_id,
        tuple(Word.from_json(word) for word in words),
        language=chunk.language or None,
    )


def _figures(chunks: list[RealTimeTranscriptChunk]) -> SessionFigures:
    figures = SessionFigures(chunks=len(chunks))
    for chunk in chunks:
        if chunk.decoded_at is not None:
            figures.processing_ms.append(chunk.processing_time_ms)
        if chunk.confidence is not None:
            figures.confidences.append(chunk.confidence)
        if chunk.sent_at is not None:
            times = StepTimes(
                chunk.received_at.timestamp(),
                _unix_s(chunk.queued_at),
                _unix_s(chunk.started_at),
                _unix_s(chunk.decoded_at),
                chunk.committed_at.timestamp(),
            )
            figures.note_sent(times, chunk.sent_at.timestamp())
    return figures


def _unix_s(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
