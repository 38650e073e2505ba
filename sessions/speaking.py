"""What a session says, from what its core said: finals into rows first, then notices for whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sessions.clock import Clock
from sessions.endings import Ending
from sessions.enriching import Enriching, Helpers
from sessions.figures import SessionFigures, StepTimes
from sessions.numbering import Say
from sessions.parameters import StreamParameters
from sessions.protocols.base import (
    Configured,
    Ended,
    Failed,
    FinalText,
    Heard,
    Info,
    Notice,
    Opened,
    Restarting,
    SessionConfig,
    SpeechEnded,
    SpeechStarted,
)
from sessions.protocols.stream_bodies import Body, bodies_of
from sessions.records import SessionIdentity, SessionRecords
from sessions.services.recording_words import FinalChunk
from sessions.services.restoring import Past
from sessions.spoken import Cleared, DecodeTimes, Spoken
from sessions.telemetry import note_final
from sessions.transcriber import Transcriber
from sessions.wording import Wording
from transcription.engines.base import SAMPLE_RATE_HZ
from transcription.models import join_text
from transcription.streaming.events import FinalSegment, PartialSegment, StreamEventType

CORE_SETTINGS = (
    "language",
    "vocabulary",
    "vad_threshold",
    "min_silence_duration_ms",
    "prefix_padding_ms",
)
SHOWN_SETTINGS = ("language", "interim_results", "word_timestamps")


class Speaker:
    """Keeps the finals' text and what their frames' sending times are still to be written for."""

    def __init__(
        self,
        *,
        identity: SessionIdentity,
        config: SessionConfig,
        greeting: str,
        records: SessionRecords,
        transcriber: Transcriber,
        parameters: StreamParameters,
        figures: SessionFigures,
        clock: Clock,
        say: Say,
        publish: Callable[[Sequence[Body]], int],
        helpers: Helpers,
        past: Past | None = None,
    ) -> None:
        self.interim_results = parameters.interim_results
        self.language = past.language if past else parameters.language or ""
        self.words_missing = False
        self._identity = identity
        self._config = config
        self._greeting = greeting
        self._records = records
        self._transcriber = transcriber
        self._figures = figures
        self._clock = clock
        self._say = say
        self._publish = publish
        self._keeps_audio = parameters.store_audio
        self._wording = Wording(transcriber, figures)
        self.enriching = Enriching(
            transcriber.core, say=self._tell, helpers=helpers, name_row=records.name_speaker
        )
        self._finals = [FinalText(s.start_s, s.end_s, s.text) for s in past.finals] if past else []
        self.enriching.recall(past.finals if past else ())
        self._speech_began_s: float | None = None
        self._speech_s = past.speech_s if past else 0.0
        self._unsent: dict[int, StepTimes] = {}
        self._sent: dict[int, float] = {}

    @property
    def transcript(self) -> str:
        """The finals so far, joined as their language writes them."""
        return join_text((final.text for final in self._finals), self.language)

    def configure(self, changes: dict[str, Any]) -> None:
        """Change what may change while running; names and values were checked by the codec."""
        self.interim_results = changes.get("interim_results", self.interim_results)
        core = {name: value for name, value in changes.items() if name in CORE_SETTINGS}
        if core:
            self._transcriber.core.configure(**core)
        shown = {name: value for name, value in changes.items() if name in SHOWN_SETTINGS}
        self._config = replace(self._config, **shown)
        self._say(Configured(self._config))

    def say_opened(self, *, resumed: bool, next_byte: int, next_media_seq: int) -> None:
        opened = Opened(
            session_id=self._identity.session_id,
            conversation_id=self._identity.conversation_id,
            message=self._greeting,
            config=self._config,
            resumed=resumed,
            next_byte=next_byte,
            transcript=self.transcript,
            next_media_seq=next_media_seq,
            features=self.enriching.features,
        )
        self._say(opened, None if resumed else self._feed(opened))

    def restarting(self, message: str) -> Restarting:
        return Restarting(
            session_id=self._identity.session_id,
            message=message,
            heard_until_s=self._finals[-1].end_s if self._finals else None,
            audio_s=self._transcriber.audio_s,
        )

    def say_info(self) -> None:
        summary = self._figures.summary(
            session_duration_s=self._clock.unix_s() - self._identity.connected_at,
            audio_s=self._transcriber.audio_s,
        )
        self._say(
            Info(
                session_id=self._identity.session_id,
                connected_at=self._identity.connected_at,
                total_chunks=self._figures.chunks,
                full_transcript=self.transcript,
                metrics=tuple(summary.items()),
            )
        )

    async def conclude(self) -> None:
        """Everything is final: so is what follows from it."""
        await self.enriching.end()

    def say_ended(self, ending: Ending, *, enhancement_job_id: str | None, session_duration_s: float) -> None:
        self._tell(
            Ended(
                session_id=self._identity.session_id,
                conversation_id=self._identity.conversation_id,
                message=ending.message,
                reason=ending.reason,
                full_transcript=self.transcript,
                total_duration_s=self._transcriber.audio_s,
                enhancement_job_id=enhancement_job_id,
                session_duration_s=session_duration_s,
                speech_s=self._speech_s,
                finals=tuple(self._finals),
                lag_s=self._transcriber.lag_s,
                keeps_audio=self._keeps_audio,
                language=self.language or None,
                model=self._config.model,
                partials_coalesced=self._figures.partials_coalesced,
                turns=self.enriching.num_turns,
            )
        )

    async def publish(self, spoken: Spoken | Cleared) -> None:
        if isinstance(spoken, Cleared):
            await self._records.note_cleared(spoken.start_s, spoken.end_s)
            return
        payload = spoken.event.payload
        if isinstance(payload, FinalSegment):
            final, further = self.enriching.follow(spoken.event)
            await self._final(final, spoken)
            self.enriching.tell(final.segment, further, spoken.samples)
        elif isinstance(payload, PartialSegment):
            partial = self._wording.partial(payload, spoken.decode)
            seq = self._feed(partial)
            if self.interim_results:
                self._figures.partials_sent += 1
                self._say(partial, seq)
        elif spoken.event.type is StreamEventType.SPEECH_STARTED:
            self._speech_began_s = payload["timestamp"]
            self._say(SpeechStarted(payload["timestamp"]))
        elif spoken.event.type is StreamEventType.SPEECH_ENDED:
            if self._speech_began_s is not None:
                self._speech_s += max(0.0, payload["timestamp"] - self._speech_began_s)
                self._speech_began_s = None
            self._say(SpeechEnded(payload["timestamp"]))
        elif spoken.event.type is StreamEventType.ERROR:
            self.words_missing = True
            self._tell(
                Failed(
                    "decode_failed",
                    f"{payload['message']}; the recording is transcribed again after the session",
                    chunk_index=self._figures.chunks,
                    session_time_s=self._transcriber.audio_s,
                )
            )

    def note_sent(self, notice: Heard, sent_at: float) -> None:
        """A final's frame has gone out."""
        if times := self._unsent.pop(notice.chunk_index, None):
            self._figures.note_sent(times, sent_at)
            note_final(times, sent_at)
            self._sent[notice.chunk_index] = sent_at

    def take_sent(self) -> dict[int, float]:
        """Sending times that no row has yet."""
        sent, self._sent = self._sent, {}
        return sent

    async def _final(self, final: FinalSegment, spoken: Spoken) -> None:
        segment, decode = final.segment, spoken.decode
        received_at = self._transcriber.receipts.of_sample(final.covers_until_sample) or self._clock.unix_s()
        chunk = FinalChunk(
            chunk_index=self._figures.chunks,
            revision=final.revision,
            segment=segment,
            model=decode.model if decode else "",
            processing_ms=decode.processing_ms if decode else 0.0,
            audio_size_bytes=self._wording.size_bytes(segment),
            times=_times(received_at, decode),
            covers_until_s=final.covers_until_sample / SAMPLE_RATE_HZ,
            speech_ended_at=spoken.speech_ended_at,
        )
        await self._records.commit_final(chunk, self.take_sent())
        committed_at = self._clock.unix_s()  # the row can only say when it was about to be
        self._figures.chunks += 1
        if decode:
            self._figures.processing_ms.append(decode.processing_ms)
        if segment.confidence is not None:
            self._figures.confidences.append(segment.confidence)
        self.language = self.language or (segment.language or "")
        self._finals.append(FinalText(segment.start_s, segment.end_s, segment.text))
        self._unsent[chunk.chunk_index] = _times(received_at, decode, committed_at)
        settled = min(final.covers_until_sample, self._transcriber.core.covered_until_sample)
        self._transcriber.receipts.drop_before(settled)
        self._tell(self._wording.final(final, decode, index=chunk.chunk_index, received_at=received_at))

    def _feed(self, notice: Notice) -> int:
        """To all who follow the session; the number that it got."""
        return self._publish(bodies_of(notice, words=self._config.word_timestamps))

    def _tell(self, notice: Notice) -> None:
        """To the session's own reader, and to all who follow it."""
        self._say(notice, self._feed(notice))


def _times(received_at: float, decode: DecodeTimes | None, committed_at: float | None = None) -> StepTimes:
    if decode is None:
        return StepTimes(received_at, committed_at=committed_at)
    return StepTimes(received_at, decode.queued_at, decode.started_at, decode.decoded_at, committed_at)
