"""Recordings of any format: audio is decoded, what is none is said to be none, nothing fills memory."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.audio.files import decode_blocks, decode_file, encode_flac, probe
from transcription.engines.base import SAMPLE_RATE_HZ, Samples
from transcription.errors import AudioUndecodable, UnsupportedAudio


def tone(seconds: float, rate_hz: int = SAMPLE_RATE_HZ) -> Samples:
    return (np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate_hz)) / rate_hz) * 0.5).astype(np.float32)


def encoded(container: str, codec: str, rate_hz: int, sample_format: str, *, layout: str = "mono") -> bytes:
    """Two seconds of a tone in a file of that kind."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=rate_hz, layout=layout)
        resampler = av.AudioResampler(sample_format, layout, rate_hz, frame_size=stream.frame_size or 1024)
        frame = av.AudioFrame.from_ndarray(tone(2.0, rate_hz)[None, :], format="fltp", layout="mono")
        frame.sample_rate = rate_hz
        for resampled in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(resampled))
        output.mux(stream.encode(None))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("container", "codec", "rate_hz", "sample_format"),
    [
        ("wav", "pcm_s16le", 8_000, "s16"),
        ("flac", "flac", 44_100, "s16"),
        ("mp3", "mp3", 44_100, "fltp"),
        ("ipod", "aac", 44_100, "fltp"),
        ("ogg", "libopus", 48_000, "flt"),
        ("webm", "libopus", 48_000, "flt"),
    ],
)
def test_every_upload_format_is_read(container: str, codec: str, rate_hz: int, sample_format: str) -> None:
    """WAV, FLAC, MP3, M4A, OGG and WEBM decode to 16 kHz mono of their length, and say what they are."""
    data = encoded(container, codec, rate_hz, sample_format)
    samples = decode_file(io.BytesIO(data))
    assert len(samples) == pytest.approx(2 * SAMPLE_RATE_HZ, abs=0.1 * SAMPLE_RATE_HZ)
    spectrum = np.abs(np.fft.rfft(samples[:SAMPLE_RATE_HZ]))
    assert int(np.argmax(spectrum)) == 440
    info = probe(io.BytesIO(data))
    assert (info.sample_rate_hz, info.channels) == (rate_hz, 1)
    assert info.duration_s == pytest.approx(2.0, abs=0.1)


def test_two_channels_are_mixed() -> None:
    """A stereo file is heard whole, and its probe counts the channels."""
    data = encoded("wav", "pcm_s16le", 16_000, "s16", layout="stereo")
    assert probe(io.BytesIO(data)).channels == 2
    assert len(decode_file(io.BytesIO(data))) == 2 * SAMPLE_RATE_HZ


@given(st.integers(0, 3_000), st.integers(0, 9))
def test_flac_round_trip(length: int, seed: int) -> None:
    """What is written as FLAC comes back within half a step of 16 bits; clipped where it was too loud."""
    samples = np.random.default_rng(seed).normal(0, 0.4, length + 1).astype(np.float32)
    buffer = io.BytesIO()
    encode_flac(samples, buffer)
    back = decode_file(buffer)
    assert len(back) == len(samples)
    assert np.abs(back - np.clip(samples, -1, 32767 / 32768)).max() <= 0.501 / 32768


def test_flac_to_a_path(tmp_path: Path) -> None:
    """A path serves as well as an open file, for writing and for reading."""
    encode_flac(tone(1.0), tmp_path / "tone.flac")
    assert len(decode_file(tmp_path / "tone.flac")) == SAMPLE_RATE_HZ
    assert probe(str(tmp_path / "tone.flac")).codec == "flac"


NO_AUDIO = {
    "nothing": b"",
    "text": b"hello world " * 100,
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(600),
    "an empty WAV": b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80>\x00\x00\x00}\x00\x00"
    b"\x02\x00\x10\x00data\x00\x00\x00\x00",
}


@pytest.mark.parametrize("kind", NO_AUDIO)
def test_no_audio_is_said_to_be_none(kind: str, tmp_path: Path) -> None:
    """Bytes that are no recording raise AudioUndecodable, whatever the file is called."""
    path = tmp_path / "recording.mp3"
    path.write_bytes(NO_AUDIO[kind])
    for read in (decode_file, probe):
        with pytest.raises(AudioUndecodable):
            read(path)
        with path.open("rb") as file, pytest.raises(AudioUndecodable):
            read(file)


@given(st.binary(max_size=400))
def test_any_bytes_are_audio_or_refused(data: bytes) -> None:
    """Whatever comes, the answer is samples or AudioUndecodable."""
    try:
        decode_file(io.BytesIO(data))
    except AudioUndecodable:
        return


@pytest.mark.parametrize(
    "listing",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {}\n",
    ],
)
def test_a_playlist_reads_no_other_file(listing: str, tmp_path: Path) -> None:
    """A file that names another file of the machine is no audio, though FFmpeg would follow it."""
    other = tmp_path / "other.flac"
    encode_flac(tone(1.0), other)
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(listing.format(other))
    with pytest.raises(AudioUndecodable):
        decode_file(playlist)


def test_a_truncated_file_gives_what_is_there() -> None:
    """Half a file is about half the audio, not an error."""
    data = encoded("wav", "pcm_s16le", 16_000, "s16")
    samples = decode_file(io.BytesIO(data[: len(data) // 2]))
    assert 0.4 * 2 * SAMPLE_RATE_HZ < len(samples) < 0.6 * 2 * SAMPLE_RATE_HZ


def test_too_long_stops_while_decoding() -> None:
    """Decoding ends at the limit, before the rest of the file is decoded."""
    buffer = io.BytesIO()
    encode_flac(np.zeros(60 * SAMPLE_RATE_HZ, np.float32), buffer)
    decoded: list[int] = []
    with pytest.raises(UnsupportedAudio):
        decoded.extend(len(block) for block in decode_blocks(buffer, max_duration_s=5))
    assert sum(decoded) <= 5 * SAMPLE_RATE_HZ
