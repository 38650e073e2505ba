"""Made conversations with known words and times: read by flite, or pieced together from the demo call."""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.live_call import load_call
from bench.make_call import FLOOR_DBFS, Line, at_level, synthesise
from bench.streaming.grammar import monologue, sentence
from bench.words import TrueWord, folded
from transcription.engines.base import SAMPLE_RATE_HZ, Samples

VOICES = ("slt", "rms", "awb", "kal16")
LENGTH_S = 55.0
"""A conversation is closed by the line that takes it past this."""
LEAD_S, TAIL_S = 0.8, 1.5
GAPS_S = (0.25, 0.3, 0.4, 0.6, 0.8, 1.2, 2.5)
"""Silence between lines: shorter than the silence that closes an utterance, about as long, much longer."""
MONOLOGUE_CLAUSES = (8, 13)
"""15 to 30 s without a pause, once in each conversation: what makes a core cut."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """`utterances`: where each line starts and ends, in seconds."""

    samples: Samples
    words: tuple[TrueWord, ...]
    utterances: tuple[tuple[float, float], ...]

    @property
    def duration_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE_HZ


Spoken = tuple[Samples, list[TrueWord]]
"""A line's samples, from its first word's start to its last one's end, and its words from 0 s on."""


def have_flite() -> bool:
    return shutil.which("flite") is not None


def make_conversations(count: int, *, seed: int) -> list[Conversation]:
    """The same ones for the same seed, where flite is the same."""
    make = _by_flite if have_flite() else _of_the_call
    with ThreadPoolExecutor(4) as pool:  # the work is done by processes of flite
        return list(pool.map(lambda index: make(random.Random(f"{seed}/{index}")), range(count)))


def _by_flite(rng: random.Random) -> Conversation:
    voices = rng.sample(VOICES, 2)
    with tempfile.TemporaryDirectory() as folder:

        def lines() -> Iterator[Spoken]:
            long_one = rng.randint(1, 4)
            index = 0
            while True:
                text = monologue(rng, rng.randint(*MONOLOGUE_CLAUSES)) if index == long_one else sentence(rng)
                voice = voices[index % 2] if rng.random() < 0.8 else voices[0]
                try:
                    spoken = _read(Line(voice, text), Path(folder) / "line.wav")
                except ValueError:
                    continue  # the voice reads a word otherwise in a sentence: its times are not known
                index += 1
                yield spoken

        return _laid(lines(), rng)


def _read(line: Line, path: Path) -> Spoken:
    samples, words = synthesise(line, path)
    first_s, last_s = words[0][1], words[-1][2]
    start, end = int(first_s * SAMPLE_RATE_HZ), int(last_s * SAMPLE_RATE_HZ)
    level = at_level(samples, start, end)[start:end].astype(np.float32)
    return level, [TrueWord(word, begin - first_s, until - first_s) for word, begin, until in words]


def _of_the_call(rng: random.Random) -> Conversation:
    samples, call = load_call()
    segments = list(call["segments"])

    def lines() -> Iterator[Spoken]:
        while True:
            rng.shuffle(segments)
            for segment in segments:
                start_s = segment["start"]
                words = [
                    TrueWord(word, item["start"] - start_s, item["end"] - start_s)
                    for item in segment["words"]
                    for word in folded(item["word"])
                ]
                piece = samples[int(start_s * SAMPLE_RATE_HZ) : int(segment["end"] * SAMPLE_RATE_HZ)]
                yield piece, words

    return _laid(lines(), rng)


def _laid(lines: Iterator[Spoken], rng: random.Random) -> Conversation:
    """Lines one after the other with gaps between, over a quiet line's noise."""
    at = int(LEAD_S * SAMPLE_RATE_HZ)
    placed: list[tuple[int, Samples]] = []
    words: list[TrueWord] = []
    utterances: list[tuple[float, float]] = []
    for samples, said in lines:
        at_s = at / SAMPLE_RATE_HZ
        placed.append((at, samples))
        words += [TrueWord(word.text, word.start_s + at_s, word.end_s + at_s) for word in said]
        utterances.append((at_s, at_s + len(samples) / SAMPLE_RATE_HZ))
        at += len(samples)
        if at >= LENGTH_S * SAMPLE_RATE_HZ:
            break
        at += int(rng.choice(GAPS_S) * SAMPLE_RATE_HZ)
    noise = np.random.default_rng(rng.randrange(2**32)).standard_normal(at + int(TAIL_S * SAMPLE_RATE_HZ))
    mixed = (noise * 10 ** (FLOOR_DBFS / 20)).astype(np.float32)
    for start, samples in placed:
        mixed[start : start + len(samples)] += samples
    return Conversation(np.clip(mixed, -1, 1), tuple(words), tuple(utterances))


def flite_version() -> str:
    """As flite says it; empty where there is none."""
    if not have_flite():
        return ""
    said = subprocess.run(["flite", "--version"], check=False, capture_output=True, text=True).stdout
    return next((line.split("version:")[-1].strip() for line in said.splitlines() if "version" in line), "")
