"""The voices: flite's, each resampled, which moves pitch and formants together and makes another speaker.

A resampled voice shares its recordings with the voice that it was made from, so the halves are not as far
apart as strangers are; the speaker encoder takes them for different people all the same (mean cosine between
any two of one half at most 0.67, within one voice 0.86 and more).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from bench.make_call import Line, at_level, synthesise
from bench.pipeline.fragments import Half
from bench.words import TrueWord
from transcription.engines.base import SAMPLE_RATE_HZ, Samples


@dataclass(frozen=True, slots=True)
class Voice:
    """`pitch`: how far the voice is moved up; it then speaks as much faster."""

    flite: str
    pitch: Fraction


VOICES: dict[Half, tuple[Voice, ...]] = {
    "tuned": (
        Voice("slt", Fraction(9, 10)),
        Voice("rms", Fraction(9, 8)),
        Voice("awb", Fraction(8, 9)),
        Voice("kal16", Fraction(10, 9)),
    ),
    "held_out": (
        Voice("slt", Fraction(10, 9)),
        Voice("rms", Fraction(7, 8)),
        Voice("awb", Fraction(6, 5)),
        Voice("kal16", Fraction(11, 12)),
    ),
}


def read_line(voice: Voice, text: str, path: Path) -> tuple[Samples, list[TrueWord]]:
    """A line's samples from its first word to its last, and its words from 0 s on. Where the voice reads a
    word otherwise than alone, the words' times are its share of the phones."""
    samples, words = synthesise(Line(voice.flite, text), path, exact=False)
    first_s, last_s = words[0][1], words[-1][2]
    start, end = int(first_s * SAMPLE_RATE_HZ), int(last_s * SAMPLE_RATE_HZ)
    spoken = at_level(samples, start, end)[start:end]
    moved = resample_poly(spoken, voice.pitch.denominator, voice.pitch.numerator)
    slower = float(1 / voice.pitch)
    return moved.astype(np.float32), [
        TrueWord(word, (begin - first_s) * slower, (until - first_s) * slower) for word, begin, until in words
    ]
