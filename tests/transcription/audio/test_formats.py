"""Encodings: what is taken, and that the tables are G.711's."""

from __future__ import annotations

import numpy as np
import pytest

from transcription.audio.formats import ALAW, ENCODINGS, MULAW, AudioFormat
from transcription.errors import UnsupportedAudio


@pytest.mark.parametrize(
    ("encoding", "rate_hz", "channels", "named"),
    [
        ("mp3", 16_000, 1, "mp3"),
        ("pcm_s16le", 7_999, 1, "7999"),
        ("pcm_s16le", 48_001, 1, "48001"),
        ("pcm_s16le", 16_000, 3, "channels 3"),
        ("pcm_s16le", 16_000, 0, "channels 0"),
    ],
)
def test_what_is_not_taken_is_named(encoding: str, rate_hz: int, channels: int, named: str) -> None:
    """A format outside the contract raises an error that names the value."""
    with pytest.raises(UnsupportedAudio, match=named):
        AudioFormat(encoding, rate_hz, channels)


def test_sizes() -> None:
    """The bytes of a frame count every channel."""
    assert AudioFormat("pcm_f32le", 48_000, 2).bytes_per_frame == 8
    assert AudioFormat("mulaw", 8_000, 1).bytes_per_second == 8_000


def test_g711_known_values() -> None:
    """Codes of silence, of the extremes and of the smallest step decode to the values of the standard."""
    scaled = np.rint(MULAW * 32768)
    assert [scaled[0xFF], scaled[0x7F], scaled[0x00], scaled[0x80]] == [0, 0, -32124, 32124]
    scaled = np.rint(ALAW * 32768)
    assert [scaled[0xD5], scaled[0x55], scaled[0x2A], scaled[0xAA]] == [8, -8, -32256, 32256]
    assert len(set(ALAW.tolist())) == 256
    assert np.array_equal(np.sort(ALAW), -np.sort(ALAW)[::-1])


def test_float_input_is_made_safe() -> None:
    """Not-a-number and infinities become silence, and what is too loud is clipped."""
    raw = np.array([np.nan, np.inf, -np.inf, 2.0, -3.0, 0.25], "<f4").tobytes()
    assert ENCODINGS["pcm_f32le"].decode(raw).tolist() == [0.0, 0.0, 0.0, 1.0, -1.0, 0.25]
