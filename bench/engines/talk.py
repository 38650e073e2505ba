"""The talk that is timed: lines of made conversations one after the other, and a sound of the same length.

Nobody reads it: each speaker is a buzz of harmonics under formants that change with each syllable. The models
have random weights and hear nothing in it; what matters is its length, its pauses and that speakers differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.pipeline.scripts import WORDS_PER_S, Line, write_scripts
from transcription.analysis.base import Talk
from transcription.engines.base import SAMPLE_RATE_HZ, Samples
from transcription.models import Segment, Turn, Word

SEED = "engines"
_SHORTEST_SCRIPT_S = 60
_GAP_S = 0.4
_SYLLABLE_S = 0.2
_BANK_S = 20
"""Of each voice; longer speech says it again."""
_PITCHES_HZ = {"A": 205.0, "C": 118.0, "D": 160.0, "R": 245.0}
"""By the role of who speaks in a script."""
_HIGHEST_HZ = 4000.0
_ROLES = "".join(_PITCHES_HZ)
_LEVEL, _FLOOR = 0.05, 0.001  # root mean squares, about -26 and -60 dBFS


@dataclass(frozen=True, slots=True)
class Recording:
    """`samples`: 16 kHz, mono, exactly as long as `talk.duration_s` says."""

    talk: Talk
    samples: Samples


@cache
def make_recording(length_s: float) -> Recording:
    """The same one for the same length; a shorter one is the beginning of a longer one."""
    segments = tuple(_segments(length_s))
    turns = tuple(Turn(segment.speaker_id or "", segment.start_s, segment.end_s) for segment in segments)
    return Recording(Talk(segments, "en", length_s, turns), _sound(segments, length_s))


def make_lines() -> list[str]:
    """What a tokenizer is made for."""
    return [" ".join(line.words) for script in write_scripts("tuned", 40, seed=SEED) for line in script.lines]


def _lines(length_s: float) -> Iterator[Line]:
    for script in write_scripts("tuned", 1 + int(length_s / _SHORTEST_SCRIPT_S), seed=SEED):
        yield from script.lines


def _segments(length_s: float) -> Iterator[Segment]:
    """A segment for each line, as long as its words take at an ordinary rate; the last is cut where the talk
    ends."""
    start_s, word_s = 0.0, 1 / WORDS_PER_S
    for number, line in enumerate(_lines(length_s)):
        said = line.words[: max(0, int((length_s - start_s) * WORDS_PER_S + 1e-9))]
        if not said:
            return
        end_s = min(length_s, start_s + len(said) * word_s)
        speaker = f"SPEAKER_{_ROLES.index(line.role):02d}"
        words = tuple(
            Word(word, start_s + place * word_s, start_s + (place + 1) * word_s, speaker_id=speaker)
            for place, word in enumerate(said)
        )
        yield Segment(number, start_s, end_s, " ".join(said), speaker_id=speaker, words=words)
        start_s = end_s + _GAP_S


def _sound(segments: tuple[Segment, ...], length_s: float) -> Samples:
    random = np.random.default_rng(7)
    sound: Samples = random.standard_normal(int(length_s * SAMPLE_RATE_HZ), dtype=np.float32) * _FLOOR
    voices = [_voice(pitch_hz, random) for pitch_hz in _PITCHES_HZ.values()]
    for segment in segments:
        begin, end = (int(at_s * SAMPLE_RATE_HZ) for at_s in (segment.start_s, segment.end_s))
        voice = voices[int((segment.speaker_id or "0")[-1])]
        sound[begin:end] += np.resize(voice[begin % len(voice) // 2 :], end - begin)
    return sound


def _voice(pitch_hz: float, random: np.random.Generator) -> Samples:
    """_BANK_S of syllables."""
    time_s = np.arange(int(_SYLLABLE_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    harmonics_hz = pitch_hz * np.arange(1, int(_HIGHEST_HZ / pitch_hz) + 1, dtype=np.float64)
    waves = np.sin(2 * np.pi * harmonics_hz[:, None] * time_s)
    envelope = np.sin(np.pi * time_s / _SYLLABLE_S)
    syllables = [
        _loudness(harmonics_hz, random) @ waves * envelope for _ in range(int(_BANK_S / _SYLLABLE_S))
    ]
    spoken = np.concatenate(syllables)
    level = _LEVEL / float(np.sqrt(np.mean(spoken**2)))
    return np.asarray(spoken * level, np.float32)


def _loudness(
    harmonics_hz: npt.NDArray[np.floating[Any]], random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Of each harmonic, under two formants somewhere in a voice's range."""
    formants_hz = random.uniform((300, 900), (800, 2400))
    peaks = np.exp(-(((harmonics_hz[:, None] - formants_hz) / 150) ** 2)).sum(axis=1)
    return np.asarray(peaks + 0.05)
