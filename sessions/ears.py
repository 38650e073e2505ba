"""A session's audio into its core: bytes to samples, samples judged by the VAD, each channel by itself where
each is a speaker."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from sessions.backlog import Resumption
from sessions.clock import Clock
from sessions.voice import SpeechStream, VoiceDetector
from transcription.audio.formats import AudioFormat
from transcription.audio.stream import StreamConverter
from transcription.audio.vad import FRAME_SAMPLES
from transcription.engines.base import Samples
from transcription.streaming.channels import ChannelCores
from transcription.streaming.config import StreamConfig
from transcription.streaming.core import StreamingCore
from transcription.streaming.events import StreamEvent
from transcription.streaming.start import StartAt

Core: TypeAlias = StreamingCore | ChannelCores


def make_core(config: StreamConfig, *, channels: int, separate: bool, resumption: Resumption | None) -> Core:
    """`separate`: each channel is a speaker of its own."""
    if separate:
        return ChannelCores(config, channels=channels, starts=resumption.starts if resumption else ())
    return StreamingCore(config, start=resumption.starts[0] if resumption else None)


class Ears:
    """`speech`: a detector's stream for each channel that the core hears."""

    def __init__(
        self,
        core: Core,
        audio_format: AudioFormat,
        *,
        detector: VoiceDetector,
        speech: Sequence[SpeechStream],
        clock: Clock,
        resumption: Resumption | None = None,
    ) -> None:
        self._core = core
        self._converter = StreamConverter(audio_format, separate=isinstance(core, ChannelCores))
        self._detector = detector
        self._speech = speech
        self._clock = clock
        starts = resumption.starts if resumption else (StartAt(),)
        self._position = resumption.place.sample if resumption else 0  # of the next sample that comes
        self._first_sample = starts[0].sample
        self._first_judged = min(start.judged for start in starts)

    async def hear(self, data: bytes) -> list[StreamEvent]:
        """What came of the bytes."""
        return await self._judge(self._converter.push(data))

    async def finish(self) -> list[StreamEvent]:
        """What came of the last samples; the core is not finished by it."""
        return await self._judge(self._converter.flush())

    async def _judge(self, samples: Samples) -> list[StreamEvent]:
        """What comes before the core's start only warms up the VAD."""
        if not len(samples):
            return []
        core, clock = self._core, self._clock
        first, self._position = self._position, self._position + len(samples)
        events = core.push_audio(samples[max(0, self._first_sample - first) :], clock.monotonic_s())
        early = max(0, self._first_judged // FRAME_SAMPLES - first // FRAME_SAMPLES)
        if isinstance(core, StreamingCore):
            probabilities = await self._detector.detect(self._speech[0], samples)
            return events + core.push_speech(probabilities.tolist()[early:], clock.monotonic_s())
        by_channel = await asyncio.gather(
            *(
                self._detector.detect(stream, np.ascontiguousarray(samples[:, channel]))
                for channel, stream in enumerate(self._speech)
            )
        )
        heard = [probabilities.tolist()[early:] for probabilities in by_channel]
        return events + core.push_speech(heard, clock.monotonic_s())
