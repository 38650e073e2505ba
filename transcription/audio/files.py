"""Recordings of any common format, through PyAV (FFmpeg's libraries; no program on the system is needed).

What a file is, is read from its bytes. Files are opened by us and handed over as byte streams, and only
containers that hold their own audio are taken: FFmpeg would follow what a playlist names, be it another file
of this machine or an address inside its network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from os import PathLike
from typing import IO, Any

import av
import av.error
import numpy as np

from transcription.engines.base import SAMPLE_RATE_HZ, Samples
from transcription.errors import AudioUndecodable, UnsupportedAudio

Source = str | PathLike[str] | IO[bytes]

CONTAINERS = "wav,w64,aiff,caf,flac,mp3,aac,amr,ogg,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"
"""FFmpeg's names of the demuxers that may be chosen."""
MAX_DURATION_S = 12 * 3600.0
"""Contract: audio processing. Held while decoding, since a few kilobytes can claim to be a year."""
_FLAC_BLOCK = 65_536
"""Samples handed to the encoder at a time; the file is the same for any."""


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What a file says of itself. `duration_s` is None where it does not say (a browser's recording)."""

    duration_s: float | None
    codec: str
    sample_rate_hz: int
    channels: int
    container: str


class _Nameless:
    """A file without its name, which FFmpeg would take as a sign of what is in it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read = file.read
        if file.seekable():
            file.seek(0)
            self.seek, self.tell = file.seek, file.tell


@contextmanager
def _opened(source: Source) -> Iterator[tuple[Any, Any]]:
    """The container and its first audio stream. Raises AudioUndecodable where there is none."""
    with ExitStack() as stack:
        if isinstance(source, (str, PathLike)):
            source = stack.enter_context(open(source, "rb"))
        file: Any = _Nameless(source)
        try:
            container = stack.enter_context(
                av.open(file, options={"format_whitelist": CONTAINERS}, metadata_errors="replace")
            )
        except (av.error.FFmpegError, ValueError) as error:
            raise AudioUndecodable("these bytes are no audio in a format that is known here") from error
        if not container.streams.audio:
            raise AudioUndecodable("there is no audio in this file")
        yield container, container.streams.audio[0]


def probe(source: Source) -> AudioInfo:
    """Read the headers, and decode no more than the first frame. Raises AudioUndecodable."""
    with _opened(source) as (container, stream):
        duration_s: float | None = None
        if stream.duration is not None and stream.time_base is not None:
            duration_s = float(stream.duration * stream.time_base)
        elif container.duration is not None:
            duration_s = container.duration / av.time_base
        context = stream.codec_context
        if context is None or next(_frames(container, stream), None) is None:
            raise AudioUndecodable("no audio could be decoded from this file")
        return AudioInfo(
            duration_s=duration_s if duration_s is not None and duration_s > 0 else None,
            codec=context.name,
            sample_rate_hz=context.sample_rate,
            channels=context.channels,
            container=container.format.name,
        )


def decode_blocks(
    source: Source, *, max_duration_s: float = MAX_DURATION_S, channels: int = 1
) -> Iterator[Samples]:
    """16 kHz float32, a block at a time, mono (n,) or two `channels` (n, 2); what is cut off or damaged gives
    what can be read of it.

    Raises AudioUndecodable before the first block where nothing can be, UnsupportedAudio as soon as more than
    `max_duration_s` has been decoded.
    """
    left = round(max_duration_s * SAMPLE_RATE_HZ)
    anything = False
    with _opened(source) as (container, stream):
        for frame in _resampled(_frames(container, stream), "mono" if channels == 1 else "stereo"):
            block = frame.to_ndarray().reshape((-1,) if channels == 1 else (-1, channels))
            left -= len(block)
            if left < 0:
                raise UnsupportedAudio(f"a recording may be at most {max_duration_s / 3600:g} hours long")
            if len(block):
                anything = True
                yield np.nan_to_num(block, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    if not anything:
        raise AudioUndecodable("no audio could be decoded from this file")


def decode_file(source: Source, *, max_duration_s: float = MAX_DURATION_S, channels: int = 1) -> Samples:
    """A whole recording as float32, 16 kHz, mono (n,) or two `channels` (n, 2). Raises as `decode_blocks`."""
    # A bytearray grows in place: joining a list of blocks would need the memory twice.
    buffer = bytearray()
    for block in decode_blocks(source, max_duration_s=max_duration_s, channels=channels):
        buffer += block.astype(np.float32, copy=False).tobytes()
    samples = np.frombuffer(buffer, np.float32)
    return samples if channels == 1 else samples.reshape(-1, channels)


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    """Decoded frames; a damaged packet is skipped, and a file that breaks off ends there."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, ValueError):
            return
        if packet is None:
            return
        try:
            frames = packet.decode()
        except (av.error.FFmpegError, ValueError):
            continue
        yield from frames


def _resampled(frames: Iterator[Any], layout: str) -> Iterator[Any]:
    """Frames as 16 kHz float32 of that layout. A stream may change its rate or its own layout half-way."""
    resampler: Any = None
    shape: tuple[Any, ...] = ()
    for frame in frames:
        now = (frame.format.name, frame.layout.name, frame.sample_rate)
        if now != shape:
            if resampler is not None:
                yield from resampler.resample(None)
            resampler = av.AudioResampler(format="flt", layout=layout, rate=SAMPLE_RATE_HZ)
            shape = now
        frame.pts = None  # containers number their frames badly, and what counts here is the samples
        yield from resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)


def encode_flac(samples: Samples, destination: Source) -> None:
    """Write 16 kHz samples, mono (n,) or two channels (n, 2), as 16-bit FLAC to a path or an open file."""
    layout = "mono" if samples.ndim == 1 else "stereo"
    with ExitStack() as stack:
        if isinstance(destination, (str, PathLike)):
            destination = stack.enter_context(open(destination, "wb"))
        container: Any = stack.enter_context(av.open(destination, mode="w", format="flac"))
        stream = container.add_stream("flac", rate=SAMPLE_RATE_HZ, layout=layout, format="s16")
        for start in range(0, len(samples), _FLAC_BLOCK):
            block = np.clip(np.rint(samples[start : start + _FLAC_BLOCK] * 32768.0), -32768, 32767)
            packed = block.astype(np.int16).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=layout)
            frame.sample_rate = SAMPLE_RATE_HZ
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
