"""Encodings of a live stream: what an undescribed byte means, and how it becomes a sample.

An encoding whose samples have a fixed size is one row of `ENCODINGS`. A packet codec has no such size and is
a `FrameDecoder` of its own: Opus in `transcription.audio.opus`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from transcription.engines.base import Samples
from transcription.errors import UnsupportedAudio

MIN_SAMPLE_RATE_HZ = 8_000
MAX_SAMPLE_RATE_HZ = 48_000
MAX_CHANNELS = 2


def _mulaw_table() -> Samples:
    """The 256 values of G.711 mu-law (ITU-T G.711, table 2a), as fractions of full scale."""
    codes = ~np.arange(256, dtype=np.uint8)
    exponent = (codes >> 4) & 0x07
    mantissa = (codes & 0x0F).astype(np.int32)
    magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84
    signed = np.where(codes & 0x80, -magnitude, magnitude)
    return (signed / 32768.0).astype(np.float32)


def _alaw_table() -> Samples:
    """The 256 values of G.711 A-law (ITU-T G.711, table 1a), as fractions of full scale."""
    codes = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent = ((codes >> 4) & 0x07).astype(np.int32)
    mantissa = (codes & 0x0F).astype(np.int32)
    linear = (mantissa << 4) + 8
    magnitude = np.where(exponent == 0, linear, (linear + 0x100) << np.maximum(exponent - 1, 0))
    signed = np.where(codes & 0x80, magnitude, -magnitude)
    return (signed / 32768.0).astype(np.float32)


MULAW = _mulaw_table()
ALAW = _alaw_table()


def _from_s16le(data: bytes) -> Samples:
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)


def _from_f32le(data: bytes) -> Samples:
    """Not-a-number and infinity become silence; what is louder than full scale is clipped to it."""
    samples = np.frombuffer(data, "<f4").astype(np.float32)
    samples[~np.isfinite(samples)] = 0.0
    return np.clip(samples, -1.0, 1.0, out=samples)


def _by_table(table: Samples) -> Callable[[bytes], Samples]:
    def decode(data: bytes) -> Samples:
        looked_up: npt.NDArray[np.float32] = table[np.frombuffer(data, np.uint8)]
        return looked_up

    return decode


@dataclass(frozen=True, slots=True)
class SampleEncoding:
    """`decode` takes whole samples (a multiple of `bytes_per_sample`) and gives float32 in [-1, 1]."""

    bytes_per_sample: int
    decode: Callable[[bytes], Samples]


ENCODINGS: Mapping[str, SampleEncoding] = {
    "pcm_s16le": SampleEncoding(2, _from_s16le),
    "pcm_f32le": SampleEncoding(4, _from_f32le),
    "mulaw": SampleEncoding(1, _by_table(MULAW)),
    "alaw": SampleEncoding(1, _by_table(ALAW)),
}

OPUS = "opus"
"""Packets of any size, each after its length: there is no telling how long so many bytes of it last."""


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """What the bytes of a stream are. Raises UnsupportedAudio, naming the value, for what is not taken.

    Of `opus` the sample rate says nothing about the stream, which is decoded at 48 kHz.
    """

    encoding: str = "pcm_s16le"
    sample_rate_hz: int = 16_000
    channels: int = 1

    def __post_init__(self) -> None:
        if self.encoding not in ENCODINGS and self.encoding != OPUS:
            raise UnsupportedAudio(
                f"encoding {self.encoding!r} is not taken; these are: {', '.join(sorted([*ENCODINGS, OPUS]))}"
            )
        if not MIN_SAMPLE_RATE_HZ <= self.sample_rate_hz <= MAX_SAMPLE_RATE_HZ:
            raise UnsupportedAudio(
                f"sample_rate {self.sample_rate_hz} is outside {MIN_SAMPLE_RATE_HZ}–{MAX_SAMPLE_RATE_HZ} Hz"
            )
        if not 1 <= self.channels <= MAX_CHANNELS:
            raise UnsupportedAudio(f"channels {self.channels} is outside 1–{MAX_CHANNELS}")

    @property
    def bytes_per_frame(self) -> int:
        """Bytes of one sample of every channel. Raises UnsupportedAudio for a codec of packets."""
        if self.encoding == OPUS:
            raise UnsupportedAudio("opus comes in packets: a sample of it has no size")
        return ENCODINGS[self.encoding].bytes_per_sample * self.channels

    @property
    def bytes_per_second(self) -> int:
        return self.bytes_per_frame * self.sample_rate_hz
