"""Where nobody speaks to the microphone: silence, hum, tones like music, white noise, and babble."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bench.streaming.conversations import Conversation
from transcription.engines.base import SAMPLE_RATE_HZ, Samples

Floats = npt.NDArray[np.float64]
LEVEL_DBFS = -40.0
"""Loud enough to pass every energy gate, and what a fan or a street is to a microphone in a room."""
TALKERS = 6
"""Fewer would let single words through; more sounds like noise (Simpson and Cooke 2005 use 6 and 8)."""
STATIONARY = ("silence", "hum", "white noise")
_CHORDS_HZ = ((220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6), (164.8, 207.7, 246.9))
_CHORD_S = 0.6


def make_sounds(duration_s: float, conversations: Sequence[Conversation], *, seed: int) -> dict[str, Samples]:
    """Each (n,), float32, at LEVEL_DBFS but for silence."""
    length = int(duration_s * SAMPLE_RATE_HZ)
    time_s = np.arange(length) / SAMPLE_RATE_HZ
    rng = np.random.default_rng(seed)
    hum = sum(np.sin(2 * np.pi * 50 * k * time_s) / k for k in (1, 2, 3, 5))
    return {
        "silence": np.zeros(length, np.float32),
        "hum": _levelled(np.asarray(hum)),
        "white noise": _levelled(rng.standard_normal(length)),
        "music-like tones": _levelled(_tones(time_s)),
        "babble": _levelled(_babble(length, conversations)),
    }


def _tones(time_s: Floats) -> Floats:
    """Chords of three notes with two overtones each, struck and dying away."""
    place = (time_s / _CHORD_S).astype(int)
    struck = np.exp(-4 * (time_s - place * _CHORD_S))
    mixed = np.zeros_like(time_s)
    for index, chord in enumerate(_CHORDS_HZ):
        here = place % len(_CHORDS_HZ) == index
        for note in chord:
            for overtone in (1, 2, 3):
                mixed += here * np.sin(2 * np.pi * note * overtone * time_s) / overtone
    return mixed * struck


def _babble(length: int, conversations: Sequence[Conversation]) -> Floats:
    mixed = np.zeros(length)
    for talker in range(TALKERS):
        samples = conversations[talker % len(conversations)].samples
        mixed += np.resize(np.roll(samples, talker * 7 * SAMPLE_RATE_HZ), length)
    return mixed


def _levelled(samples: Floats) -> Samples:
    level = 10 ** (LEVEL_DBFS / 20) / float(np.sqrt(np.mean(samples**2)))
    scaled: Samples = (samples * level).astype(np.float32)
    return scaled
