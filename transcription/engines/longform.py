"""Whole recordings for engines that read one utterance at a time.

The recording goes through the same streaming core as live speech, as fast as the engine reads: the same
endpoints, the same forced cuts, the same guards against loops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol
from uuid import uuid4

from transcription.audio.vad import SileroVad
from transcription.engines.base import (
    SAMPLE_RATE_HZ,
    Hypothesis,
    HypothesisSegment,
    Samples,
    SpeechOptions,
    SpeechWindow,
)
from transcription.streaming.config import StreamConfig
from transcription.streaming.core import StreamingCore
from transcription.streaming.events import DecodeRequest, FinalSegment, StreamEvent

_PIECE_SAMPLES = SAMPLE_RATE_HZ
"""Pushed at a time: what decides nothing but how often progress is told."""
_NO_PARTIALS_S = 30.0
"""More new audio than an utterance can hold is asked for before a partial."""


class WindowDecoder(Protocol):
    """The part of a SpeechEngine that is needed here."""

    def decode(self, windows: list[SpeechWindow]) -> list[Hypothesis]: ...


def transcribe_by_utterances(
    engine: WindowDecoder,
    samples: Samples,
    options: SpeechOptions,
    on_progress: Callable[[float], None],
) -> Iterator[Hypothesis]:
    """One hypothesis per utterance, in order, as they come. Raises what the engine's `decode` raises.

    Partials are asked for only where a pause has begun: words on which they agree are where speech that does
    not stop is cut.
    """
    recording = uuid4().hex
    core = StreamingCore(
        StreamConfig(
            language=options.language,
            vocabulary=options.vocabulary,
            min_new_audio_s=_NO_PARTIALS_S,
            max_new_audio_s=_NO_PARTIALS_S,
        )
    )
    vad = SileroVad().stream()
    latest = Hypothesis(())

    def answered(request: DecodeRequest) -> Iterator[Hypothesis]:
        window = SpeechWindow(
            utterance_key=f"{recording}:{request.utterance_id}",
            samples=core.window(request),
            offset_s=request.start_sample / SAMPLE_RATE_HZ,
            is_final=request.is_final,
            options=SpeechOptions(
                language=request.language,
                prompt=options.prompt if request.utterance_id == 0 else request.prompt,
                vocabulary=request.vocabulary,
                word_timestamps=options.word_timestamps,
            ),
        )
        nonlocal latest
        (latest,) = engine.decode([window])
        yield from _finals(core.accept(request.id, latest, 0.0), latest)

    def waiting() -> Iterator[Hypothesis]:
        while (request := core.next_decode(0.0)) is not None:
            yield from answered(request)

    for start in range(0, len(samples), _PIECE_SAMPLES):
        piece = samples[start : start + _PIECE_SAMPLES]
        core.push_audio(piece, 0.0)
        # A silence that has lasted may make an answer final that came before.
        yield from _finals(core.push_speech([float(p) for p in vad.push(piece)], 0.0), latest)
        yield from waiting()
        on_progress(start / len(samples))
    yield from _finals(core.finish(0.0), latest)
    yield from waiting()
    on_progress(1.0)


def _finals(events: list[StreamEvent], hypothesis: Hypothesis) -> Iterator[Hypothesis]:
    for event in events:
        if isinstance(event.payload, FinalSegment):
            segment = event.payload.segment
            yield Hypothesis(
                segments=(
                    HypothesisSegment(
                        start_s=segment.start_s,
                        end_s=segment.end_s,
                        text=segment.text,
                        words=segment.words,
                        avg_logprob=segment.avg_logprob,
                        no_speech_prob=segment.no_speech_prob,
                        compression_ratio=segment.compression_ratio,
                    ),
                ),
                language=segment.language,
                language_probability=hypothesis.language_probability,
                engine_ms=hypothesis.engine_ms,
            )
