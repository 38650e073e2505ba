"""The language of the clock: a syllable for each of six tones, 0.4 s each."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from transcription.engines.base import SAMPLE_RATE_HZ, Samples

CELL_S = 0.4
CELL_SAMPLES = round(CELL_S * SAMPLE_RATE_HZ)
SYLLABLES = ("ba", "de", "fi", "go", "lu", "ne")
BANDS = (14, 24, 34, 44, 54, 64)
"""The mel band (of 80) in whose middle each tone lies."""
MEL_HZ = (560, 920, 1360, 2000, 2960, 4320)
"""The bins of the Fourier transform nearest to their middles."""
AMPLITUDE = 0.3
FADE_SAMPLES = 320
"""Without it the edges of a tone would sound in every band."""


def speak(syllables: Sequence[str | None]) -> Samples:
    """Each for CELL_S; None is a silence."""
    time_s = np.arange(CELL_SAMPLES) / SAMPLE_RATE_HZ
    fade = np.minimum(1.0, np.minimum(np.arange(CELL_SAMPLES), np.arange(CELL_SAMPLES)[::-1]) / FADE_SAMPLES)
    cells = [
        np.zeros(CELL_SAMPLES)
        if syllable is None
        else AMPLITUDE * fade * np.sin(2 * np.pi * MEL_HZ[SYLLABLES.index(syllable)] * time_s)
        for syllable in syllables
    ]
    spoken: Samples = np.concatenate([np.zeros(0), *cells]).astype(np.float32)
    return spoken


def sounds(text: str) -> list[str]:
    """The syllables of a text of the model's, without the number of the cell that each word carries."""
    return [re.sub(r"\d+$", "", word) for word in text.split()]
