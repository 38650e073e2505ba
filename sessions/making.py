"""Putting a live session together, from its row and what its process has to work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from sessions import journal as journals
from sessions import store
from sessions.backlog import resumption
from sessions.clock import Clock
from sessions.closing import Closing
from sessions.deadlines import Deadlines
from sessions.decoding import Decoder, LiveEngine
from sessions.enriching import Helpers
from sessions.feed import Feed
from sessions.figures import SessionFigures
from sessions.live import LiveSession
from sessions.numbering import BLOCK, Numbering
from sessions.parameters import StreamParameters
from sessions.parts import Parts
from sessions.protocols.base import Failed, SessionConfig
from sessions.recorder import Recorder, storage_error_code
from sessions.records import SessionIdentity, SessionRecords
from sessions.seat import Seat
from sessions.services.opening import OpenedRow
from sessions.services.restoring import Past
from sessions.speaking import Speaker
from sessions.transcriber import Transcriber
from sessions.voice import VoiceDetector
from transcription.analysis.diarization.online import can_embed
from transcription.engines.base import SAMPLE_RATE_HZ
from transcription.streaming.config import StreamConfig
from transcription.streaming.enrichment import reads
from transcription.streaming.merging import channel_speaker
from transcription.streaming.start import StartAt, start_after

EARLY_FINAL_MS = 250
"""With an engine that decodes windows whole the final is asked for while the silence is still being waited
for, half of it in (StreamConfig.early_final_ms says when that pays)."""


UTTERANCES_BITS = 20
"""Each epoch of a session numbers its utterances and decodes in a range of its own, of a million."""


@dataclass(frozen=True, slots=True)
class Means:
    """What all sessions of a process share."""

    process_id: str
    detector: VoiceDetector
    decoder: Decoder
    feed: Feed
    helpers: Helpers
    clock: Clock


async def make_session(
    means: Means,
    row: OpenedRow,
    parameters: StreamParameters,
    *,
    model: str,
    engine: LiveEngine | None,
    on_ended: Callable[[LiveSession], None],
    past: Past | None = None,
    next_revision: int = 0,
) -> LiveSession:
    """A session that begins, or with its `past` goes on; then `next_revision` is that of the segment which
    was open. Raises EngineUnavailable where there is no VAD, OSError where the journal has no room."""
    live, clock = settings.AMBIENT.live, means.clock
    channels = parameters.channels if parameters.multichannel else 1
    speech = [await means.detector.open_stream() for _ in range(channels)]
    journal = await store.run(journals.open_journal, row.session_id, parameters.audio_format, epoch=row.epoch)
    identity = SessionIdentity(row.session_id, row.conversation_id, row.connected_at.timestamp())
    received_at = row.last_activity.timestamp()
    going_on = None
    if past:
        going_on = await store.run(
            resumption,
            row.session_id,
            parameters.audio_format,
            _starts(row, past, channels, next_revision),
            journal.meter.total,
            received_at=received_at,
        )
    figures = past.figures if past else SessionFigures()
    seat = Seat(figures)
    records = SessionRecords(
        session_id=row.session_id, process_id=means.process_id, conversation_id=row.conversation_id
    )
    unsure = BLOCK if past else 0  # of who had the session before and could not reserve in time
    first = await records.reserve_seqs(unsure + BLOCK) + unsure
    numbering = Numbering(means.feed, row.session_id, first=first, reserve=records.reserve_seqs)
    transcriber = Transcriber(
        session_id=row.session_id,
        parameters=parameters,
        meter=journal.meter,
        model=model,
        config=_stream_config(parameters, engine),
        detector=means.detector,
        speech=speech,
        decoder=means.decoder,
        chunk_timeout_s=live.chunk_timeout_s,
        figures=figures,
        clock=clock,
        resumption=going_on,
    )

    def close_for_storage(error: OSError) -> None:
        """The journal cannot take more: no ack goes out for it, and the client may come back."""
        code = storage_error_code(error)
        seat.say(Failed(code, "The audio cannot be stored now; resume where the disk ended."))
        seat.close(1013, code)

    recorder = Recorder(
        journal,
        session_id=row.session_id,
        acks=parameters.acks,
        meter=journal.meter,
        say=seat.say,
        on_full=close_for_storage,
    )
    speaker = Speaker(
        identity=identity,
        config=_session_config(parameters, engine),
        greeting=_greeting(engine),
        records=records,
        transcriber=transcriber,
        parameters=parameters,
        figures=figures,
        clock=clock,
        say=seat.say,
        publish=numbering.publish,
        past=past,
        helpers=means.helpers,
    )
    closing = Closing(
        identity=identity,
        records=records,
        recorder=recorder,
        transcriber=transcriber,
        speaker=speaker,
        figures=figures,
        clock=clock,
        feed=means.feed,
    )
    return LiveSession(
        Parts(
            identity=identity,
            parameters=parameters,
            seat=seat,
            numbering=numbering,
            next_media_seq=past.next_media_seq if past else 0,
            deadlines=Deadlines(
                clock.monotonic_s() - (clock.unix_s() - identity.connected_at),
                live.max_session_duration_s,
                live.resume_grace_s,
            ),
            last_activity=received_at,
            records=records,
            recorder=recorder,
            transcriber=transcriber,
            speaker=speaker,
            closing=closing,
            figures=figures,
            clock=clock,
        ),
        on_ended=on_ended,
    )


def _starts(row: OpenedRow, past: Past, channels: int, next_revision: int) -> list[StartAt]:
    """By channel; one channel alone is whoever speaks."""
    speakers = [channel_speaker(channel) for channel in range(channels)] if channels > 1 else [None]
    return [
        start_after(
            round(past.settled_until_s(speaker) * SAMPLE_RATE_HZ),
            segment_id=past.next_segment_id,
            last_word=past.last_word(speaker),
            revision=next_revision,
            first_id=row.epoch << UTTERANCES_BITS,
        )
        for speaker in speakers
    ]


def _stream_config(parameters: StreamParameters, engine: LiveEngine | None) -> StreamConfig:
    live = settings.AMBIENT.live
    return StreamConfig(
        language=parameters.language,
        vocabulary=parameters.vocabulary,
        max_new_audio_s=live.chunk_duration_s,
        overlap_s=live.overlap_duration_s,
        early_final_ms=EARLY_FINAL_MS if engine and not engine.is_incremental else 0,
        enable_diarization=parameters.diarization and (parameters.multichannel or can_embed()),
        enable_analytics=parameters.analytics,
        enable_semantics=parameters.semantics and reads(parameters.language),
    )


def _session_config(parameters: StreamParameters, engine: LiveEngine | None) -> SessionConfig:
    live = settings.AMBIENT.live
    return SessionConfig(
        sample_rate_hz=parameters.sample_rate_hz,
        channels=parameters.channels,
        encoding=parameters.encoding,
        chunk_duration_s=live.chunk_duration_s,
        overlap_duration_s=live.overlap_duration_s,
        model=engine.model if engine else None,
        engine=engine.engine if engine else None,
        language=parameters.language,
        interim_results=parameters.interim_results,
        word_timestamps=parameters.word_timestamps,
        languages=engine.languages if engine else None,
    )


def _greeting(engine: LiveEngine | None) -> str:
    if engine is None:
        return "Connected. No recogniser is up yet: audio is kept, and transcribed as soon as one is."
    return f"Connected. {engine.notice or f'{engine.engine} ({engine.model}) is listening.'}"
