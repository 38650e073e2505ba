"""A session's audio into its core: bytes to samples, samples judged by the VAD, each channel by itself where
each is a speaker."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from sessions.clock import Clock
from sessions.voice import SpeechStream, VoiceDetector
from transcription.audio.formats import AudioFormat
from transcription.audio.stream import StreamConverter
from transcription.engines.base import Samples
from transcription.streaming.channels import ChannelCores
from transcription.streaming.core import StreamingCore
from transcription.streaming.events import StreamEvent

Core: TypeAlias = StreamingCore | ChannelCores


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
    ) -> None:
        self._core = core
        self._converter = StreamConverter(audio_format, separate=isinstance(core, ChannelCores))
        self._detector = detector
        self._speech = speech
        self._clock = clock

    async def hear(self, data: bytes) -> list[StreamEvent]:
        """What came of the bytes."""
        return await self._judge(self._converter.push(data))

    async def finish(self) -> list[StreamEvent]:
        """What came of the last samples; the core is not finished by it."""
        return await self._judge(self._converter.flush())

    async def _judge(self, samples: Samples) -> list[StreamEvent]:
        if not len(samples):
            return []
        core, clock = self._core, self._clock
        events = core.push_audio(samples, clock.monotonic_s())
        if isinstance(core, StreamingCore):
            probabilities = await self._detector.detect(self._speech[0], samples)
            return events + core.push_speech(probabilities.tolist(), clock.monotonic_s())
        by_channel = await asyncio.gather(
            *(
                self._detector.detect(stream, np.ascontiguousarray(samples[:, channel]))
                for channel, stream in enumerate(self._speech)
            )
        )
        heard = [probabilities.tolist() for probabilities in by_channel]
        return events + core.push_speech(heard, clock.monotonic_s())
