"""One notion of how much audio there is, for samples and for packets."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.meter import Extent, meter_of
from tests.sessions.opus import opus_packets
from tests.sessions.support import speech
from transcription.audio.formats import ENCODINGS, AudioFormat
from transcription.audio.stream import StreamConverter
from transcription.engines.base import SAMPLE_RATE_HZ
from transcription.errors import AudioUndecodable

PACKETS = opus_packets(speech(1.0))


@given(st.sampled_from(sorted(ENCODINGS)), st.sampled_from([8_000, 44_100]), st.lists(st.binary(max_size=50)))
def test_samples_are_time(encoding: str, rate_hz: int, frames: list[bytes]) -> None:
    """Of samples, what is sent is what is stored, and seconds are bytes over bytes a second."""
    audio_format = AudioFormat(encoding, rate_hz, 2)
    meter = meter_of(audio_format)
    for frame in frames:
        meter.count(meter.read(frame))
    size = sum(map(len, frames))
    assert meter.total == Extent(size, size, size / audio_format.bytes_per_second)


@given(st.lists(st.integers(0, len(b"".join(PACKETS)) + 2 * len(PACKETS)), max_size=12))
def test_packets_are_counted_as_they_came_and_as_they_are_stored(cuts: list[int]) -> None:
    """What a journal holds of packets counts the same, wherever it is cut; half a packet does not count."""
    live = meter_of(AudioFormat("opus", 48_000))
    pieces = [live.read(packet) for packet in PACKETS]
    for piece in pieces:
        live.count(piece)
    assert live.total.sent_bytes == sum(map(len, PACKETS))
    assert live.total.audio_s == pytest.approx(len(PACKETS) * 0.02)
    stored = b"".join(piece.data for piece in pieces)
    again = meter_of(AudioFormat("opus", 48_000))
    for start, end in pairwise([0, *sorted(cuts), len(stored)]):
        again.count_stored(stored[start:end])
    assert again.total == live.total
    torn = meter_of(AudioFormat("opus", 48_000))
    torn.count_stored(stored[:-1])
    assert torn.total.stored_bytes == live.total.stored_bytes - len(pieces[-1].data)


@given(st.integers(0, 200_000))
def test_silence_of_packets_is_as_long_as_asked(length: int) -> None:
    """To the shortest packet that there is, and it decodes to nothing that could be heard."""
    meter = meter_of(AudioFormat("opus", 48_000))
    frames = list(meter.silence(length))
    for frame in frames:
        meter.count(meter.read(frame))
    assert 0 <= length / 48_000 - meter.total.audio_s < 0.0025


def test_silent_packets_are_silent() -> None:
    """They decode to zeros of their length."""
    meter, converter = meter_of(AudioFormat("opus", 48_000)), StreamConverter(AudioFormat("opus", 48_000))
    heard = [converter.push(meter.read(frame).data) for frame in meter.silence(48_000 + 600)]
    samples = [*(s for piece in heard for s in piece), *converter.flush()]
    assert len(samples) == round(1.0125 * SAMPLE_RATE_HZ)
    assert max(abs(s) for s in samples) == 0.0
    assert converter.damaged_packets == 0


def test_what_is_no_packet_is_named_and_not_counted() -> None:
    """A frame that cannot be Opus is refused before anything is done with it; an empty one is nothing."""
    meter = meter_of(AudioFormat("opus"))
    with pytest.raises(AudioUndecodable):
        meter.read(b"\x03")
    meter.count(meter.read(b""))
    assert meter.total == Extent()
