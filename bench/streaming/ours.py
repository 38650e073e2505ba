"""The product's own core as a policy: its events are kept as a reader sees them."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from bench.streaming.policies import Asked
from bench.words import Shown
from transcription.audio.vad import FRAME_SAMPLES
from transcription.engines.base import SAMPLE_RATE_HZ, Hypothesis, Samples
from transcription.streaming.config import StreamConfig
from transcription.streaming.core import StreamingCore
from transcription.streaming.events import (
    DecodeRequest,
    FinalSegment,
    PartialSegment,
    StreamEvent,
    StreamEventType,
)


class OurCore:
    """`probabilities`: what the VAD says of each whole frame. `core_s`: CPU time that the core took."""

    def __init__(
        self,
        samples: Samples,
        probabilities: Sequence[float],
        config: StreamConfig,
        *,
        stable_only: bool = False,
    ) -> None:
        self.shown: list[Shown] = []
        self.cuts_s: list[float] = []
        self.core_s = 0.0
        self.lost_utterances = 0
        self._samples, self._probabilities = samples, probabilities
        self._core = StreamingCore(config)
        self._request: DecodeRequest | None = None
        self._window: Samples | None = None
        self._heard = self._judged = 0
        self._stable_only = stable_only

    @property
    def wake_s(self) -> float | None:
        return self._core.idle_until_s

    def hear(self, end: int, now_s: float) -> None:
        began = time.thread_time()
        events = self._core.push_audio(self._samples[self._heard : end], now_s)
        frames = end // FRAME_SAMPLES
        events += self._core.push_speech(self._probabilities[self._judged : frames], now_s)
        self.core_s += time.thread_time() - began
        self._heard, self._judged = end, frames
        self._keep(events, now_s)

    def end(self, now_s: float) -> None:
        self._keep(self._core.finish(now_s), now_s)

    def ask(self, now_s: float) -> Asked | None:
        began = time.thread_time()
        request = self._core.next_decode(now_s)
        if request is not None:
            self._window = self._core.window(request)
        self.core_s += time.thread_time() - began
        self._request = request
        if request is None:
            return None
        return Asked(
            f"ours:{request.utterance_id}", request.start_sample, request.end_sample, request.is_final
        )

    def answer(self, hypothesis: Hypothesis, now_s: float) -> None:
        assert self._request is not None
        began = time.thread_time()
        events = self._core.accept(self._request.id, hypothesis, now_s)
        self.core_s += time.thread_time() - began
        self._keep(events, now_s)

    def lose(self, now_s: float) -> None:
        assert self._request is not None
        self._keep(self._core.decode_lost(self._request.id, now_s), now_s)

    def _keep(self, events: Sequence[StreamEvent], now_s: float) -> None:
        for event in events:
            payload = event.payload
            if isinstance(payload, FinalSegment):
                segment = payload.segment
                self.shown.append(
                    Shown(
                        now_s, segment.id, segment.text, True, segment.start_s, segment.end_s,
                        stable_chars=len(segment.text),
                    )
                )  # fmt: skip
                self.cuts_s.append(payload.covers_until_sample / SAMPLE_RATE_HZ)
            elif isinstance(payload, PartialSegment):
                text = payload.text[: payload.stable_chars] if self._stable_only else payload.text
                self.shown.append(
                    Shown(
                        now_s, payload.id, text, False, payload.start_s, payload.end_s,
                        stable_chars=payload.stable_chars,
                    )
                )  # fmt: skip
            elif event.type is StreamEventType.ERROR:
                self.lost_utterances += 1


def speech_probabilities(samples: Samples) -> list[float]:
    """Of every whole frame, as the VAD gives them however the stream is cut."""
    from transcription.audio.vad import SileroVad

    return [float(p) for p in np.asarray(SileroVad().stream().push(samples))]


def vad_cpu_s(samples: Samples) -> float:
    """CPU seconds of the VAD, given 100 ms at a time as a client sends them."""
    from transcription.audio.vad import SileroVad

    stream = SileroVad().stream()
    began = time.process_time()
    for start in range(0, len(samples), SAMPLE_RATE_HZ // 10):
        stream.push(samples[start : start + SAMPLE_RATE_HZ // 10])
    return time.process_time() - began
