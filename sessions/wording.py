"""A segment of the core as what a session says of it: with its decode, its times and what it cost."""

from __future__ import annotations

from sessions.figures import SessionFigures
from sessions.protocols.base import Heard
from sessions.spoken import DecodeTimes
from sessions.transcriber import Transcriber
from transcription.models import Segment
from transcription.streaming.events import FinalSegment, PartialSegment


class Wording:
    """Makes the notices of one session's segments."""

    def __init__(self, transcriber: Transcriber, figures: SessionFigures) -> None:
        self._transcriber = transcriber
        self._figures = figures

    def size_bytes(self, segment: Segment | PartialSegment) -> int:
        """The audio of a segment as it was sent."""
        return self._transcriber.receipts.sent_bytes_between(segment.start_s, segment.end_s)

    def final(
        self, final: FinalSegment, decode: DecodeTimes | None, *, index: int, received_at: float
    ) -> Heard:
        """`index`: of its row. `received_at`: Unix seconds of the last audio it covers."""
        return self._heard(
            final.segment,
            decode,
            revision=final.revision,
            stable_chars=len(final.text),
            chunk_index=index,
            received_at=received_at,
            is_final=True,
        )

    def partial(self, partial: PartialSegment, decode: DecodeTimes | None) -> Heard:
        return self._heard(
            partial.as_segment(),
            decode,
            revision=partial.revision,
            stable_chars=partial.stable_chars,
            chunk_index=self._figures.chunks,
            received_at=self._transcriber.receipts.of_sample(decode.end_sample) if decode else None,
            is_final=False,
        )

    def _heard(
        self,
        segment: Segment,
        decode: DecodeTimes | None,
        *,
        revision: int,
        stable_chars: int,
        chunk_index: int,
        received_at: float | None,
        is_final: bool,
    ) -> Heard:
        return Heard(
            segment_id=segment.id,
            revision=revision,
            is_final=is_final,
            text=segment.text,
            stable_chars=stable_chars,
            start_s=segment.start_s,
            end_s=segment.end_s,
            words=segment.words,
            confidence=segment.confidence,
            avg_logprob=segment.avg_logprob,
            no_speech_prob=segment.no_speech_prob,
            compression_ratio=segment.compression_ratio,
            speaker_id=segment.speaker_id,
            model=decode.model if decode else None,
            chunk_index=chunk_index,
            processing_time_ms=decode.processing_ms if decode else None,
            session_time_s=self._transcriber.audio_s,
            audio_size_bytes=self.size_bytes(segment),
            received_at=received_at,
            annotations=segment.annotations.get("semantic", {}),
        )
