"""Drives a streaming core in place: audio in, the VAD and an engine called where it stands, events out.

The synchronous counterpart of the server's asynchronous driver; both drive the same core.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np

from transcription.audio.formats import AudioFormat
from transcription.audio.stream import StreamConverter
from transcription.audio.vad import SileroVad
from transcription.engines.base import SAMPLE_RATE_HZ, Samples, SpeechEngine, SpeechOptions, SpeechWindow
from transcription.errors import EngineFailed
from transcription.streaming.config import StreamConfig
from transcription.streaming.core import StreamingCore
from transcription.streaming.events import DecodeRequest, StreamEvent
from transcription.streaming.metrics import StreamMetrics

_STEP_SAMPLES = SAMPLE_RATE_HZ // 10
"""Audio is taken in steps of 100 ms, so that a long chunk gives the partials that many short ones would."""


class AudioDriver:
    """One session's. Its clock is the audio's, set forward by what decodes took."""

    def __init__(
        self, session_id: str, config: StreamConfig, engine: SpeechEngine, metrics: StreamMetrics
    ) -> None:
        self.core = StreamingCore(config)
        self._session_id = session_id
        self._engine = engine
        self._metrics = metrics
        self._vad = SileroVad().stream()
        self._converter: StreamConverter | None = None
        self._takes_bytes = True
        self._received = 0
        self._now_s = 0.0

    @property
    def duration_s(self) -> float:
        """Audio taken so far, at 16 kHz."""
        return self._received / SAMPLE_RATE_HZ

    def push(self, audio: bytes | Samples) -> Iterator[list[StreamEvent]]:
        """The events of each step. Raises ValueError for what is neither bytes nor float samples (n,), and
        where the two are mixed; EngineFailed where the engine broke for good."""
        samples = self._samples(audio)
        self._metrics.record_chunk(len(samples) / SAMPLE_RATE_HZ)
        return self._steps(samples)

    def finish(self) -> Iterator[list[StreamEvent]]:
        """No more audio: the events until everything that was said is final."""
        if self._converter is not None:
            yield from self._steps(self._converter.flush())
        yield self.core.finish(self._now_s)
        while not self.core.done:
            self._now_s = max(self._now_s, self.core.idle_until_s or 0.0)  # nobody waits here
            if (broken := (yield from self._decode_all())) is not None:
                raise broken

    def _samples(self, audio: bytes | Samples) -> Samples:
        is_bytes = not isinstance(audio, np.ndarray)
        if isinstance(audio, np.ndarray) and (audio.ndim != 1 or audio.dtype.kind != "f"):
            raise ValueError(f"samples are floats in [-1, 1], shape (n,), not {audio.dtype} {audio.shape}")
        if self._converter is None:
            encoding = "pcm_s16le" if is_bytes else "pcm_f32le"
            self._converter = StreamConverter(AudioFormat(encoding, self.core.config.sample_rate))
            self._takes_bytes = is_bytes
        if is_bytes is not self._takes_bytes:
            raise ValueError("a session takes either bytes or samples, not both")
        return self._converter.push(bytes(audio) if is_bytes else np.asarray(audio, "<f4").tobytes())

    def _steps(self, samples: Samples) -> Iterator[list[StreamEvent]]:
        broken: Exception | None = None
        for at in range(0, len(samples), _STEP_SAMPLES):
            step = samples[at : at + _STEP_SAMPLES]
            self._received += len(step)
            self._now_s = max(self._now_s, self.duration_s)
            events = self.core.push_audio(step, self._now_s)
            yield events + self.core.push_speech(self._vad.push(step).tolist(), self._now_s)
            if broken is None:
                broken = yield from self._decode_all()
        if broken is not None:
            raise broken  # all audio is with the core by now: who calls again goes on where this ended

    def _decode_all(self) -> Generator[list[StreamEvent], None, Exception | None]:
        """Have decoded whatever the core wants decoded now; what broke, unless it is to be tried again."""
        while (request := self.core.next_decode(self._now_s)) is not None:
            window = self._window(request)
            try:
                [hypothesis] = self._engine.decode([window])
            except Exception as error:
                # Whatever broke, the core must not wait for this answer. It asks again on the audio clock.
                self._metrics.record_failed_decode()
                yield self.core.decode_lost(request.id, self._now_s)
                return None if isinstance(error, EngineFailed) and error.retryable else error
            self._metrics.record_decode(window.duration_s, hypothesis.engine_ms)
            self._now_s += hypothesis.engine_ms / 1000
            yield self.core.accept(request.id, hypothesis, self._now_s)
        return None

    def _window(self, request: DecodeRequest) -> SpeechWindow:
        return SpeechWindow(
            utterance_key=f"{self._session_id}:{request.utterance_id}",
            samples=self.core.window(request),
            offset_s=request.start_sample / SAMPLE_RATE_HZ,
            is_final=request.is_final,
            options=SpeechOptions(request.language, request.prompt, request.vocabulary),
        )
