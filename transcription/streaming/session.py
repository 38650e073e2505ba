"""`StreamingSession`: the synchronous face of the streaming core, for programs without a server.

The VAD and an engine are called in place; each call returns when everything that it led to is decoded. The
live server drives the same core asynchronously.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from transcription.engines.base import Samples, SpeechEngine, SpeechEngineConfig
from transcription.models import Segment, Transcript
from transcription.streaming.audio_driver import AudioDriver
from transcription.streaming.config import StreamConfig
from transcription.streaming.enrichment import Enrichment, reads
from transcription.streaming.events import EventDetails, FinalSegment, StreamEvent, StreamEventType
from transcription.streaming.meta import STREAM_VERSION, StreamMeta
from transcription.streaming.metrics import StreamMetrics
from transcription.streaming.record import SessionRecord
from transcription.streaming.state import StreamState
from transcription.streaming.text_chunks import StreamChunk, TextSegmenter
from transcription.streaming.turns import StreamTurn


class StreamingSession:
    """Text chunks by `ingest_chunk` and `end_of_stream`, or audio by `start`, `process_audio` and `stop`.

    `engine`: loaded already and the caller's to close; None: the one that `auto` finds, loaded by `start`.
    `metrics`: the session's counters.
    """

    def __init__(self, config: StreamConfig | None = None, engine: SpeechEngine | None = None) -> None:
        self._config = config or StreamConfig()
        self._session_id = uuid.uuid4().hex
        self._engine = engine
        self._owns_engine = engine is None
        self._driver: AudioDriver | None = None
        self._chunks: TextSegmenter | None = None
        self._next_media_seq = 0
        self._stopped = False
        self._speakers_given = False
        self._begin()
        self._start_at: datetime | None = None
        self.metrics = StreamMetrics()

    @property
    def session_id(self) -> str:
        return self._session_id

    @property
    def config(self) -> StreamConfig:
        return self._config

    # Text chunks

    def ingest_chunk(self, chunk: StreamChunk) -> list[StreamEvent]:
        """Zero or one FINAL_SEGMENT, then one PARTIAL_SEGMENT; after them what was asked for beyond text
        (TURN_UPDATED with diarization or analytics, ANALYTICS_SNAPSHOT with analytics).

        Raises ValueError if time goes backwards, RuntimeError in a session that takes audio.
        """
        if self._driver is not None:
            raise RuntimeError("this session takes audio; text chunks need a session of their own")
        if self._chunks is None:
            self._chunks = TextSegmenter(self._config)
            self._begin()
        events = self._chunks.ingest(chunk)
        self._speakers_given = self._speakers_given or chunk.get("speaker_id") is not None
        self.metrics.record_chunk()
        return self._said(events)

    def end_of_stream(self) -> list[StreamEvent]:
        """The open segment as final. What comes next is another stream; `get_transcript` still gives this."""
        if self._chunks is None:
            return []
        events = self._said(self._chunks.flush()) + self._noted(self._enrichment.end())
        self._chunks = None
        return events

    # Audio

    def start(self) -> StreamEvent:
        """READY. Loads the VAD and, where none was given, an engine: raises EngineUnavailable with a hint."""
        if self._driver is not None or self._chunks is not None:
            raise RuntimeError("the session has been started already")
        notice = ""
        if self._engine is None:
            self._engine, notice = _automatic_engine()
        self._driver = AudioDriver(self._session_id, self._config, self._engine, self.metrics)
        self._begin()
        ready = {
            "session_id": self._session_id,
            "stream_version": STREAM_VERSION,
            "features": self._features(),
            "engine": self._engine.name,
            "model": self._engine.model,
            "notice": notice,
        }
        return self._noted([self._number(StreamEventType.READY, ready)])[0]

    def process_audio(self, audio: bytes | Samples, seq: int | None = None) -> list[StreamEvent]:
        """16-bit little-endian mono PCM, cut anywhere, or float32 samples (n,), at `config.sample_rate`.

        `seq`: number of the chunk, from 0; one that came already is dropped, a gap gives an ERROR event.
        Raises ValueError where bytes and samples are mixed. Where the engine broke for good, its error is
        raised once all of the audio is taken: no audio is lost, `snapshot()` has what came before it, and the
        next call tries again.
        """
        driver = self._started()
        events: list[StreamEvent] = []
        if seq is not None:
            if seq < self._next_media_seq:
                return []
            if seq > self._next_media_seq:
                missing = f"{self._next_media_seq}..{seq - 1} missing"
                gap = {"code": "media_gap", "fatal": False, "message": missing}
                events += self._noted([self._number(StreamEventType.ERROR, gap)])
            self._next_media_seq = seq + 1
        for batch in driver.push(audio):
            events += self._said(batch)
        return events

    def stop(self) -> StreamEvent:
        """DONE: its payload has the segments that the stop itself made final, the turns that it changed, the
        last figures, its errors, and the totals."""
        driver = self._started()
        events: list[StreamEvent] = []
        for batch in driver.finish():
            events += self._said(batch)
        events += self._noted(self._enrichment.end())
        self._stopped = True
        if self._owns_engine and self._engine is not None:
            self._engine.close()
        details = [event.payload for event in events if isinstance(event.payload, EventDetails)]
        done = {
            "session_id": self._session_id,
            "duration": round(driver.duration_s, 3),
            "speech_duration": round(self._record.speech_s, 3),
            "language": self._record.language,
            "model": self._engine.model if self._engine else None,
            "segments": _finals(events),
            "turns": _latest(item["turn"] for item in details if "turn" in item),
            "analytics": self._enrichment.analytics,
            "errors": [dict(item) for item in details if "code" in item],
            "segments_total": len(self._record.finals),
            "turns_total": len(self._enrichment.turns),
            "events_sent": self._record.next_seq + 1,
        }
        return self._noted([self._number(StreamEventType.DONE, done)])[0]

    # What is known so far

    def get_transcript(self, *, partials: bool = False) -> Transcript:
        """Everything that is final so far; with `partials` also what is open, marked `partial`."""
        segments = self._record.segments if partials else tuple(self._record.finals)
        return Transcript("stream", self._record.language, segments, {"stream": self._meta().to_json()})

    def snapshot(self) -> StreamState:
        """The state that whoever applied every event so far has."""
        record, turns = self._record, self._enrichment.turns
        return StreamState(
            seq=record.next_seq - 1,
            session_id=record.ready["session_id"] if record.ready else None,
            features=record.ready["features"] if record.ready else {},
            finals={segment.id: segment for segment in record.finals},
            partials={record.open.id: record.open} if record.open else {},
            turns={turn.id: turn for turn in turns},
            analytics=self._enrichment.analytics,
            speaking=record.speaking,
            done=record.done,
        )

    # Inside

    def _begin(self) -> None:
        """A new stream: nothing has been said."""
        self._record = SessionRecord(self._config.language)
        self._enrichment = Enrichment(self._config, self._number)
        self._speakers_given = False
        self._start_at = datetime.now(UTC)

    def _meta(self) -> StreamMeta:
        start_at = self._start_at.isoformat(timespec="milliseconds") if self._start_at else None
        return StreamMeta(
            self._session_id, self._record.next_seq, features=self._features(), start_at=start_at
        )

    def _features(self) -> Mapping[str, bool]:
        """What was granted of what was asked for. Speakers are known where text chunks name them; nobody
        tells them apart in audio here. The rules of meaning read English."""
        config = self._config
        return {
            "diarization": config.enable_diarization and self._speakers_given,
            "analytics": config.enable_analytics,
            "semantics": config.enable_semantics and reads(config.language),
        }

    def _started(self) -> AudioDriver:
        if self._driver is None or self._stopped:
            raise RuntimeError("the session has been stopped" if self._stopped else "start() comes first")
        return self._driver

    def _number(self, kind: StreamEventType, details: Mapping[str, Any]) -> StreamEvent:
        """An event of the façade's own, in the numbering of whatever makes the segments."""
        if self._driver is not None:
            return self._driver.core.event(kind, details)
        if self._chunks is None:
            raise RuntimeError("no stream is open")
        return self._chunks.event(kind, details)

    def _said(self, events: list[StreamEvent]) -> list[StreamEvent]:
        return self._noted(self._enrichment.follow(events))

    def _noted(self, events: list[StreamEvent]) -> list[StreamEvent]:
        self._record.note(events)
        for event in events:
            self.metrics.record_event(event)
        return events


def _finals(events: Iterable[StreamEvent]) -> tuple[Segment, ...]:
    return tuple(event.payload.segment for event in events if isinstance(event.payload, FinalSegment))


def _latest(turns: Iterable[StreamTurn]) -> tuple[StreamTurn, ...]:
    """Each turn once, as it was at last."""
    return tuple({turn.id: turn for turn in turns}.values())


def _automatic_engine() -> tuple[SpeechEngine, str]:
    from transcription.engines.registry import choose_speech_engine

    engine, notice = choose_speech_engine("auto", SpeechEngineConfig(model="base"))
    engine.load()
    return engine, notice
