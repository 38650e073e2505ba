"""What each client of a load test says: a side of a conversation, and which of its words are heard whole.

The lines are those of the shipped call, so that the VAD hears speech. A side speaks a line or two, then
listens for as long as brings its share of the time to the duty. Everything lies on whole frames, so that a
client sends slices of the lines as they are; between them there is the noise of a quiet line.

The scripted engine names every 0.3 s of the audio clock that is not silent (`w0`, `w1`, …). A word counts as
said where its whole slot lies within a line and is loud: then an engine that is given the whole utterance
names it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from bench.live_call import load_call
from transcription.engines.base import SAMPLE_RATE_HZ
from transcription.engines.scripted import SILENCE_RMS, SLOT_SAMPLES

FRAME_S = 0.1
FRAME_SAMPLES = SAMPLE_RATE_HZ // 10
FRAME_BYTES = 2 * FRAME_SAMPLES
DUTY = 0.4
FLOOR_RMS = 10 ** (-75 / 20)
"""What a line carries while its side listens."""
_QUIET_FRAMES = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the call from frame `first` of a talk on."""

    first: int
    number: int


@dataclass(frozen=True, slots=True)
class Talk:
    """A side's lines, in order; `frames` in all. `always`: it reads without a pause."""

    lines: tuple[Line, ...]
    frames: int

    @property
    def duration_s(self) -> float:
        return self.frames * FRAME_S

    @property
    def duty(self) -> float:
        """Part of the time that is speech."""
        return sum(len(voice()[line.number]) for line in self.lines) / max(1, self.frames)

    def sounds(self) -> list[bytes]:
        """Each frame as PCM s16le; frames of one line are shared by all talks that have it."""
        sounds = [quiet()[index % _QUIET_FRAMES] for index in range(self.frames)]
        for line in self.lines:
            frames = voice()[line.number]
            sounds[line.first : line.first + len(frames)] = frames
        return sounds[: self.frames]

    def words(self) -> list[tuple[str, float]]:
        """The words that are heard whole, each with its end in seconds."""
        said = []
        sounds = self.sounds()
        for line in self.lines:
            start = line.first * FRAME_SAMPLES
            pcm = np.frombuffer(b"".join(sounds[line.first : line.first + len(voice()[line.number])]), "<i2")
            samples = pcm / 32_768
            for slot in range(-(-start // SLOT_SAMPLES), (start + len(samples)) // SLOT_SAMPLES):
                piece = samples[slot * SLOT_SAMPLES - start : (slot + 1) * SLOT_SAMPLES - start]
                if _rms(piece) >= SILENCE_RMS:
                    said.append((f"w{slot}", (slot + 1) * SLOT_SAMPLES / SAMPLE_RATE_HZ))
        return said


def conversation(seed: int, duration_s: float, *, duty: float = DUTY) -> Talk:
    """One side's part; another seed, another timing."""
    rng = random.Random(seed)
    frames = round(duration_s / FRAME_S)
    lines: list[Line] = []
    # The first pause is cut anywhere, so that not all begin at once.
    at = round(rng.random() * 4.0 / FRAME_S)
    while at < frames:
        turn = [rng.randrange(len(voice())) for _ in range(rng.choice((1, 1, 2)))]
        spoken = 0
        for number in turn:
            length = len(voice()[number])
            if at + length > frames:
                return Talk(tuple(lines), frames)
            lines.append(Line(at, number))
            spoken += length
            at += length + rng.randrange(2, 5)
        at += round(spoken * (1 - duty) / duty * rng.uniform(0.6, 1.4))
    return Talk(tuple(lines), frames)


def reading(seed: int, duration_s: float) -> Talk:
    """Line after line without a pause of more than a breath, and no end of speech until the last."""
    rng = random.Random(seed)
    frames = round(duration_s / FRAME_S)
    lines: list[Line] = []
    at = 0
    while True:
        number = rng.randrange(len(voice()))
        if at + len(voice()[number]) > frames:
            return Talk(tuple(lines), at)
        lines.append(Line(at, number))
        at += len(voice()[number])


def loud(talk: Talk, at_s: float) -> bool:
    """Whether the frame around that moment is not silent."""
    pcm = np.frombuffer(talk.sounds()[int(at_s / FRAME_S)], "<i2")
    return _rms(pcm / 32_768) >= SILENCE_RMS


def _rms(samples: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


@cache
def voice() -> tuple[tuple[bytes, ...], ...]:
    """The lines of the call, each as whole frames: the last is filled up with what follows it."""
    samples, call = load_call()
    pcm = (np.clip(samples, -1, 1) * 32_767).astype("<i2")
    lines = []
    for segment in call["segments"]:
        start = round(segment["start"] * SAMPLE_RATE_HZ)
        count = -(-round((segment["end"] - segment["start"]) * SAMPLE_RATE_HZ) // FRAME_SAMPLES)
        data = pcm[start : start + count * FRAME_SAMPLES].tobytes()
        lines.append(tuple(data[k * FRAME_BYTES : (k + 1) * FRAME_BYTES] for k in range(count)))
    return tuple(lines)


@cache
def quiet() -> tuple[bytes, ...]:
    noise = np.random.default_rng(5).normal(0, FLOOR_RMS * 32_767, _QUIET_FRAMES * FRAME_SAMPLES)
    data = noise.round().astype("<i2").tobytes()
    return tuple(data[k * FRAME_BYTES : (k + 1) * FRAME_BYTES] for k in range(_QUIET_FRAMES))
