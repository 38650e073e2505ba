"""Bytes of a live stream, cut anywhere, to 16 kHz mono samples.

`StreamConverter` = a `FrameDecoder` (bytes to samples of every channel; keeps what is not a whole frame yet),
a mix-down (or none), and soxr's streaming resampler. How the bytes were cut changes no sample of the result.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import soxr

from transcription.audio.formats import ENCODINGS, OPUS, AudioFormat
from transcription.audio.opus import DECODED_RATE_HZ, OpusDecoder
from transcription.engines.base import SAMPLE_RATE_HZ, Samples

RESAMPLE_QUALITY = "HQ"
"""Flat to 3.7 kHz of an 8 kHz stream and to 7.2 kHz of a 48 kHz one. Its look-ahead is the delay it adds:
20–40 ms from 16 kHz up, 77 ms at 8 kHz. "LQ" halves that and takes 8 dB from 3.4 kHz, where an s lies."""


class FrameDecoder(Protocol):
    """Bytes to samples of shape (n, channels), at the stream's own rate.

    `damaged_packets`: packets so far that could not be decoded and are silence of their length.
    """

    damaged_packets: int

    def push(self, data: bytes) -> Samples:
        """What can be decoded by now; the rest waits."""

    @property
    def pending_bytes(self) -> int:
        """Bytes that wait for the rest of their frame."""


class PcmDecoder:
    """Samples of a fixed size. A piece that ends in the middle of a frame keeps its last bytes back."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self._decode = ENCODINGS[audio_format.encoding].decode
        self._frame_bytes = audio_format.bytes_per_frame
        self._channels = audio_format.channels
        self._rest = b""
        self.damaged_packets = 0  # every byte is a sample, or a part of one

    def push(self, data: bytes) -> Samples:
        data = self._rest + bytes(data)
        whole = len(data) - len(data) % self._frame_bytes
        self._rest = data[whole:]
        return self._decode(data[:whole]).reshape(-1, self._channels)

    @property
    def pending_bytes(self) -> int:
        return len(self._rest)


class StreamConverter:
    """One stream. `push` as bytes come, `flush` once at the end; both give float32 of shape (n,), 16 kHz.
    With `separate` channels are not mixed, and the shape is (n, channels)."""

    def __init__(
        self, audio_format: AudioFormat, decoder: FrameDecoder | None = None, *, separate: bool = False
    ) -> None:
        is_opus = audio_format.encoding == OPUS
        own = OpusDecoder(audio_format.channels) if is_opus else PcmDecoder(audio_format)
        self._decoder: FrameDecoder = decoder or own
        self._resampler: Any = None
        self._channels = audio_format.channels if separate else 1
        self._shape = (0, self._channels) if separate else (0,)
        rate_hz = DECODED_RATE_HZ if is_opus else audio_format.sample_rate_hz
        if rate_hz != SAMPLE_RATE_HZ:
            self._resampler = soxr.ResampleStream(
                rate_hz, SAMPLE_RATE_HZ, self._channels, dtype="float32", quality=RESAMPLE_QUALITY
            )

    @property
    def pending_bytes(self) -> int:
        """Bytes of a frame whose rest has not come. At an end they are no sample and can be none."""
        return self._decoder.pending_bytes

    @property
    def damaged_packets(self) -> int:
        """Opus packets that could not be decoded, and are silence of their length."""
        return self._decoder.damaged_packets

    def push(self, data: bytes) -> Samples:
        frames = self._decoder.push(data)
        if len(self._shape) > 1:
            return self._resampled(frames, last=False)
        mono = frames[:, 0] if frames.shape[1] == 1 else frames.mean(axis=1, dtype=np.float32)
        return self._resampled(mono, last=False)

    def flush(self) -> Samples:
        """What the resampler still held. The converter is done afterwards."""
        return self._resampled(np.zeros(self._shape, np.float32), last=True)

    def _resampled(self, samples: Samples, *, last: bool) -> Samples:
        if self._resampler is None or (not len(samples) and not last):
            return samples
        resampled: Samples = self._resampler.resample_chunk(np.ascontiguousarray(samples), last=last)
        return resampled.reshape(-1, *self._shape[1:])
