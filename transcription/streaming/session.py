"""`StreamingSession`: the synchronous face of the streaming core, for programs without a server.

The VAD and an engine are called in place; each call returns when everything that it led to is decoded. The
live server drives the same core asynchronously.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import numpy as np

from transcription.audio.formats import AudioFormat
from transcription.audio.stream import StreamConverter
from transcription.audio.vad import SileroVad
from transcription.engines.base import (
    SAMPLE_RATE_HZ,
    Samples,
    SpeechEngine,
    SpeechEngineConfig,
    SpeechOptions,
    SpeechWindow,
)
from transcription.errors import EngineFailed
from transcription.models import Segment, Transcript
from transcription.streaming.config import StreamConfig
from transcription.streaming.core import StreamingCore
from transcription.streaming.events import DecodeRequest, FinalSegment, StreamEvent, StreamEventType
from transcription.streaming.meta import STREAM_VERSION, StreamMeta
from transcription.streaming.text_chunks import StreamChunk, TextSegmenter

_STEP_SAMPLES = SAMPLE_RATE_HZ // 10
"""Audio is taken in steps of 100 ms, so that a long chunk gives the partials that many short ones would."""


class StreamingSession:
    """Text chunks by `ingest_chunk` and `end_of_stream`, or audio by `start`, `process_audio` and `stop`.

    `engine`: loaded already and the caller's to close; None: the one that `auto` finds, loaded by `start`.
    """

    def __init__(self, config: StreamConfig | None = None, engine: SpeechEngine | None = None) -> None:
        self._config = config or StreamConfig()
        self._session_id = uuid.uuid4().hex
        self._engine = engine
        self._owns_engine = engine is None
        self._notice = ""
        self._core: StreamingCore | None = None
        self._converter: StreamConverter | None = None
        self._takes_bytes = True
        self._chunks: TextSegmenter | None = None
        self._finals: list[Segment] = []
        self._next_seq = 0
        self._language: str | None = self._config.language
        self._next_media_seq = 0
        self._received = 0
        self._now_s = 0.0
        self._stopped = False

    @property
    def session_id(self) -> str:
        return self._session_id

    @property
    def config(self) -> StreamConfig:
        return self._config

    # Text chunks

    def ingest_chunk(self, chunk: StreamChunk) -> list[StreamEvent]:
        """Zero or one FINAL_SEGMENT, then one PARTIAL_SEGMENT. Raises ValueError if time goes backwards."""
        if self._chunks is None:
            self._chunks, self._finals = TextSegmenter(self._config), []
        return self._note(self._chunks.ingest(chunk))

    def end_of_stream(self) -> list[StreamEvent]:
        """The open segment as final. What comes next is another stream; `get_transcript` still gives this."""
        chunks, self._chunks = self._chunks, None
        return self._note(chunks.flush()) if chunks else []

    # Audio

    def start(self) -> StreamEvent:
        """READY. Loads the VAD and, where none was given, an engine: raises EngineUnavailable with a hint."""
        if self._core is not None:
            raise RuntimeError("the session has been started already")
        if self._engine is None:
            self._engine, self._notice = _automatic_engine()
        self._vad = SileroVad().stream()
        self._core = StreamingCore(self._config)
        ready = {
            "session_id": self._session_id,
            "stream_version": STREAM_VERSION,
            "features": self._features(),
            "engine": self._engine.name,
            "model": self._engine.model,
            "notice": self._notice,
        }
        return self._note([self._core.event(StreamEventType.READY, ready)])[0]

    def process_audio(self, audio: bytes | Samples, seq: int | None = None) -> list[StreamEvent]:
        """16-bit little-endian mono PCM, cut anywhere, or float32 samples (n,), at `config.sample_rate`.

        `seq`: number of the chunk, from 0; one that came already is dropped, a gap gives an ERROR event.
        Raises ValueError where bytes and samples are mixed, EngineFailed where the engine broke for good.
        """
        core = self._started()
        events: list[StreamEvent] = []
        if seq is not None:
            if seq < self._next_media_seq:
                return []
            if seq > self._next_media_seq:
                gap = {
                    "code": "media_gap",
                    "fatal": False,
                    "message": f"{self._next_media_seq}..{seq - 1} missing",
                }
                events.append(core.event(StreamEventType.ERROR, gap))
            self._next_media_seq = seq + 1
        return self._note([*events, *self._push(core, self._samples(audio))])

    def stop(self) -> StreamEvent:
        """DONE: its payload has the segments that the stop itself made final, its errors, and the totals."""
        core = self._started()
        events: list[StreamEvent] = []
        if self._converter is not None:
            events += self._push(core, self._converter.flush())
        events += core.finish(self._now_s)
        while not core.done:
            self._now_s = max(self._now_s, core.idle_until_s or 0.0)  # nobody waits here
            events += self._decode_all(core)
        self._note(events)
        self._stopped = True
        if self._owns_engine and self._engine is not None:
            self._engine.close()
        done = {
            "session_id": self._session_id,
            "duration": round(self._received / SAMPLE_RATE_HZ, 3),
            "speech_duration": round(sum(segment.end_s - segment.start_s for segment in self._finals), 3),
            "language": self._language,
            "model": self._engine.model if self._engine else None,
            "segments": [e.payload.segment for e in events if isinstance(e.payload, FinalSegment)],
            "errors": [
                dict(e.payload) for e in events if isinstance(e.payload, Mapping) and "code" in e.payload
            ],
            "segments_total": len(self._finals),
            "events_sent": self._next_seq + 1,
        }
        return self._note([core.event(StreamEventType.DONE, done)])[0]

    def get_transcript(self) -> Transcript:
        """Everything that is final so far."""
        meta = StreamMeta(self._session_id, self._next_seq, features=self._features())
        return Transcript("stream", self._language, tuple(self._finals), {"stream": meta.to_json()})

    # Inside

    def _features(self) -> Mapping[str, bool]:
        """What was granted of what was asked for. Speakers and analytics come from the batch pipeline."""
        return {"diarization": False, "analytics": False, "semantics": False}

    def _started(self) -> StreamingCore:
        if self._core is None or self._stopped:
            raise RuntimeError("the session has been stopped" if self._stopped else "start() comes first")
        return self._core

    def _samples(self, audio: bytes | Samples) -> Samples:
        is_bytes = not isinstance(audio, np.ndarray)
        if self._converter is None:
            encoding = "pcm_s16le" if is_bytes else "pcm_f32le"
            self._converter = StreamConverter(AudioFormat(encoding, self._config.sample_rate))
            self._takes_bytes = is_bytes
        if is_bytes is not self._takes_bytes:
            raise ValueError("a session takes either bytes or samples, not both")
        return self._converter.push(audio if isinstance(audio, bytes) else np.asarray(audio, "<f4").tobytes())

    def _push(self, core: StreamingCore, samples: Samples) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        for at in range(0, len(samples), _STEP_SAMPLES):
            step = samples[at : at + _STEP_SAMPLES]
            self._received += len(step)
            self._now_s = max(self._now_s, self._received / SAMPLE_RATE_HZ)
            events += core.push_audio(step, self._now_s)
            events += core.push_speech(self._vad.push(step).tolist(), self._now_s)
            events += self._decode_all(core)
        return events

    def _decode_all(self, core: StreamingCore) -> list[StreamEvent]:
        """Have decoded whatever the core wants decoded now."""
        events: list[StreamEvent] = []
        engine = self._engine
        if engine is None:
            raise RuntimeError("start() comes first")
        while (request := core.next_decode(self._now_s)) is not None:
            try:
                [hypothesis] = engine.decode([self._window(core, request)])
            except EngineFailed as error:
                if not error.retryable:
                    raise
                events += core.decode_lost(request.id, self._now_s)
                break  # it is asked for again after a while, on the audio clock
            self._now_s += hypothesis.engine_ms / 1000
            events += core.accept(request.id, hypothesis, self._now_s)
        return events

    def _window(self, core: StreamingCore, request: DecodeRequest) -> SpeechWindow:
        return SpeechWindow(
            utterance_key=f"{self._session_id}:{request.utterance_id}",
            samples=core.window(request),
            offset_s=request.start_sample / SAMPLE_RATE_HZ,
            is_final=request.is_final,
            options=SpeechOptions(request.language, request.prompt, request.vocabulary),
        )

    def _note(self, events: list[StreamEvent]) -> list[StreamEvent]:
        for event in events:
            self._next_seq = event.seq + 1
            if isinstance(event.payload, FinalSegment):
                self._finals.append(event.payload.segment)
                self._language = self._language or event.payload.segment.language
        return events


def _automatic_engine() -> tuple[SpeechEngine, str]:
    from transcription.engines.registry import choose_speech_engine

    engine, notice = choose_speech_engine("auto", SpeechEngineConfig(model="base"))
    engine.load()
    return engine, notice
