"""Opus packets, made by libopus itself: decoded in order, true in time; a damaged one costs only itself."""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import cache

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcription.audio.formats import AudioFormat
from transcription.audio.opus import framed, packet_duration_s
from transcription.audio.stream import StreamConverter
from transcription.engines.base import SAMPLE_RATE_HZ, Samples
from transcription.errors import AudioUndecodable, UnsupportedAudio

RATE_HZ = 48_000
TONE_HZ = 440


@cache
def packets(channels: int = 1, frame_ms: int = 20, seconds: float = 2.0) -> tuple[bytes, ...]:
    """A tone, the second channel silent."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.format = RATE_HZ, "s16"
    encoder.layout = "mono" if channels == 1 else "stereo"
    encoder.options = {"frame_duration": str(frame_ms)}
    tone = np.sin(2 * np.pi * TONE_HZ * np.arange(round(seconds * RATE_HZ)) / RATE_HZ) * 16_000
    sound = np.zeros((len(tone), channels), np.int16)
    sound[:, 0] = tone
    made: list[bytes] = []
    step = RATE_HZ * frame_ms // 1000
    for start in range(0, len(sound), step):
        piece = np.ascontiguousarray(sound[start : start + step]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(piece, format="s16", layout=encoder.layout.name)
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
        made += [bytes(packet) for packet in encoder.encode(frame)]
    return tuple(made)


def convert(pieces: list[bytes], channels: int = 1) -> tuple[Samples, StreamConverter]:
    converter = StreamConverter(AudioFormat("opus", RATE_HZ, channels))
    return np.concatenate([*(converter.push(piece) for piece in pieces), converter.flush()]), converter


def loudest_hz(samples: Samples) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples)))) * SAMPLE_RATE_HZ / len(samples)


@pytest.mark.parametrize(("channels", "frame_ms"), [(1, 10), (1, 20), (1, 60), (2, 20)])
def test_a_tone_comes_through(channels: int, frame_ms: int) -> None:
    """Packets of any length, one channel or two, give the tone at 16 kHz, as long as it was."""
    samples, converter = convert([framed(packet) for packet in packets(channels, frame_ms)], channels)
    assert len(samples) == len(packets(channels, frame_ms)) * frame_ms * SAMPLE_RATE_HZ // 1000
    assert loudest_hz(samples) == pytest.approx(TONE_HZ, abs=1)
    assert np.abs(samples[4_000:-4_000]).max() == pytest.approx(0.49 / channels, abs=0.05)
    assert converter.damaged_packets == 0


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 8_000), max_size=30))
def test_chunking_does_not_change_a_sample(cuts: list[int]) -> None:
    """The bytes cut anywhere, within a packet or its length too, give the same samples to the last bit."""
    data = b"".join(framed(packet) for packet in packets())
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    assert np.array_equal(convert(pieces)[0], convert([data])[0])


def test_the_codec_keeps_its_state() -> None:
    """Packet by packet is the same as all in one: the decoder is one through the stream."""
    pieces = [framed(packet) for packet in packets()]
    assert np.array_equal(convert(pieces)[0], convert([b"".join(pieces)])[0])


@pytest.mark.parametrize("damage", [b"\xff\xff\xff\xff", b"\x03", b"\xfb\x00rest"])
def test_a_damaged_packet_costs_only_itself(damage: bytes) -> None:
    """It is silence of a packet's length, and counted; what follows is at its time and sounds as ever."""
    good = [framed(packet) for packet in packets()]
    hurt, converter = convert([*good[:50], framed(damage), *good[51:]])
    whole, _ = convert(good)
    assert converter.damaged_packets == 1
    assert abs(len(hurt) - len(whole)) <= 0.12 * SAMPLE_RATE_HZ
    assert np.array_equal(hurt[:15_000], whole[:15_000])
    assert np.abs(hurt[16_200:16_250]).max() < 0.05
    assert loudest_hz(hurt[-12_000:]) == pytest.approx(TONE_HZ, abs=2)


def test_half_a_packet_waits() -> None:
    """What came of a packet is counted as pending until the rest is there."""
    converter, data = StreamConverter(AudioFormat("opus")), framed(packets()[0])
    assert len(converter.push(data[:-1])) == 0
    assert converter.pending_bytes == len(data) - 1
    converter.push(data[-1:])
    assert converter.pending_bytes == 0


@pytest.mark.parametrize(
    ("packet", "duration_s"),
    [
        (bytes([(16 << 3) | 0, 1]), 0.0025),
        (bytes([(31 << 3) | 0]), 0.02),
        (bytes([(3 << 3) | 1, 1, 2]), 0.12),
        (bytes([(12 << 3) | 2, 1, 2]), 0.02),
        (bytes([(1 << 3) | 3, 6, *range(6)]), 0.12),
    ],
)
def test_durations_of_the_standard(packet: bytes, duration_s: float) -> None:
    """The first bytes say how long a packet is (RFC 6716, section 3)."""
    assert packet_duration_s(packet) == pytest.approx(duration_s)


@pytest.mark.parametrize(
    ("packet", "says"),
    [
        (b"", "at least one byte"),
        (bytes([1, 1]), "even number"),
        (bytes([2]), "ends before"),
        (bytes([3]), "ends before"),
        (bytes([3, 0]), "not 0"),
        (bytes([2, 9, 1]), "fill it"),
        (bytes([0]) + bytes(1276), "fill it"),
        (bytes([3, 2, 1]), "fill it"),
        (bytes([3, 0x42, 9]), "fill it"),
        (bytes([3, 0x82]), "fill it"),
        (bytes([(3 << 3) | 3, 3]), "not 180"),
    ],
)
def test_what_is_no_packet_is_named(packet: bytes, says: str) -> None:
    """A sender can be told what is wrong with its packet before anything is done with it."""
    with pytest.raises(AudioUndecodable, match=says):
        packet_duration_s(packet)
    with pytest.raises(AudioUndecodable):
        framed(packet[:1] * (0 if not packet else 0x10000))


def test_opus_has_no_size_by_time() -> None:
    """Whoever counts seconds by bytes is told that it cannot be done."""
    with pytest.raises(UnsupportedAudio, match="packets"):
        _ = AudioFormat("opus").bytes_per_second
