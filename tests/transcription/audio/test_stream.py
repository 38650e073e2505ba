"""Streams of bytes to samples: how they were cut changes nothing, and nothing is lost."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.audio.formats import ENCODINGS, AudioFormat
from transcription.audio.stream import StreamConverter
from transcription.engines.base import SAMPLE_RATE_HZ, Samples


def convert(audio_format: AudioFormat, pieces: list[bytes]) -> Samples:
    converter = StreamConverter(audio_format)
    return np.concatenate([*(converter.push(piece) for piece in pieces), converter.flush()])


formats = st.builds(
    AudioFormat,
    st.sampled_from(sorted(ENCODINGS)),
    st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000]),
    st.sampled_from([1, 2]),
)


@given(audio_format=formats, seed=st.integers(0, 99), cuts=st.lists(st.integers(0, 6_000), max_size=20))
def test_chunking_does_not_change_a_sample(audio_format: AudioFormat, seed: int, cuts: list[int]) -> None:
    """Any bytes, cut anywhere, in any encoding and at any rate, give the same samples to the last bit."""
    data = np.random.default_rng(seed).bytes(6_000)
    edges = [0, *sorted(cuts), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    whole = convert(audio_format, [data])
    assert np.array_equal(convert(audio_format, pieces), whole)
    assert np.isfinite(whole).all()


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000])
def test_length_is_kept(rate_hz: int) -> None:
    """Two seconds in are two seconds out, at every rate."""
    samples = convert(AudioFormat("pcm_s16le", rate_hz), [bytes(2 * 2 * rate_hz)])
    assert len(samples) == 2 * SAMPLE_RATE_HZ


def test_a_tone_comes_through_the_resampler() -> None:
    """A tone of 1 kHz at 48 kHz is the same tone at 16 kHz, seams or not."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000) * 0.5
    data = (tone * 32767).astype("<i2").tobytes()
    samples = convert(AudioFormat("pcm_s16le", 48_000), [data[i : i + 999] for i in range(0, len(data), 999)])
    expected = np.sin(2 * np.pi * 1000 * np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ) * 0.5
    middle = slice(2_000, -2_000)
    assert np.abs(samples[middle] - expected[middle]).max() < 1e-3


def test_an_odd_byte_waits() -> None:
    """A piece that ends within a sample gives what is whole; the rest is counted and joined later."""
    converter = StreamConverter(AudioFormat())
    assert len(converter.push(b"\x00\x40\x00")) == 1
    assert converter.pending_bytes == 1
    assert converter.push(b"\xc0").tolist() == [-0.5]
    assert converter.pending_bytes == 0


def test_two_channels_are_mixed() -> None:
    """The mean of left and right is what is heard."""
    frames = np.array([[16384, 0], [-16384, -16384]], "<i2")
    assert convert(AudioFormat(channels=2), [frames.tobytes()]).tolist() == [0.25, -0.5]
