"""Opus packets as a client's encoder makes them."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np

from transcription.engines.base import SAMPLE_RATE_HZ

PACKET_S = 0.02


def opus_packets(pcm: bytes) -> list[bytes]:
    """Of 16 kHz mono PCM, 20 ms each; what does not fill the last one is left out."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.format, encoder.layout = SAMPLE_RATE_HZ, "s16", "mono"
    samples, step = np.frombuffer(pcm, "<i2"), int(SAMPLE_RATE_HZ * PACKET_S)
    packets: list[bytes] = []
    for start in range(0, len(samples) - step + 1, step):
        piece = np.ascontiguousarray(samples[start : start + step]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE_HZ, start, Fraction(1, SAMPLE_RATE_HZ)
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets
