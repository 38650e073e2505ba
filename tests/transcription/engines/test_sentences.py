"""Utterances in sentences: the same ones however the audio came and however much silence lies around them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transcription.engines.base import SAMPLE_RATE_HZ
from transcription.engines.cepstra import Pcm
from transcription.engines.sentences import (
    BLOCK_SAMPLES,
    LEAD_SAMPLES,
    TAIL_BLOCKS,
    Begun,
    Ended,
    Said,
    Sentences,
)

Sentence = tuple[int, bytes, bool]
"""First sample, PCM, whether a pause ended it."""


def quiet(seconds: float, level: int = 3) -> Pcm:
    return np.random.default_rng(7).integers(-level, level, int(seconds * SAMPLE_RATE_HZ), np.int16)


def loud(seconds: float, seed: int = 1) -> Pcm:
    return np.random.default_rng(seed).integers(-9000, 9000, int(seconds * SAMPLE_RATE_HZ), np.int16)


def read(*pieces: Pcm) -> list[Sentence]:
    sentences = Sentences()
    found: list[Sentence] = []
    for piece in pieces:
        for part in sentences.push(piece):
            if isinstance(part, Begun):
                found.append((part.sample, b"", False))
                continue
            start, pcm, _ = found[-1]
            found[-1] = (
                start,
                pcm + (part.pcm.tobytes() if isinstance(part, Said) else b""),
                part == Ended(),
            )
    if found:
        start, pcm, ended = found[-1]
        found[-1] = (start, pcm + sentences.rest().tobytes(), ended)
    return found


TALK = np.concatenate((quiet(0.4), loud(0.9), quiet(0.3), loud(0.5, 2), quiet(0.1), loud(0.4, 3), quiet(0.5)))


@given(cuts=st.lists(st.integers(0, len(TALK)), max_size=12).map(sorted))
def test_chunking_changes_nothing(cuts: list[int]) -> None:
    """However an utterance is cut up, its sentences are the same to the sample."""
    assert read(*(TALK[a:b] for a, b in pairwise([0, *cuts, len(TALK)]))) == read(TALK)


def test_sentences_are_ended_by_pauses() -> None:
    """0.3 s of silence ends a sentence, 0.1 s does not, and each has its lead and its tail."""
    first, second = read(TALK)
    begin, gap = int(0.4 * SAMPLE_RATE_HZ), int(0.3 * SAMPLE_RATE_HZ)
    assert first[0] == begin - LEAD_SAMPLES
    assert abs(len(first[1]) / 2 - (LEAD_SAMPLES + 0.9 * SAMPLE_RATE_HZ + TAIL_BLOCKS * BLOCK_SAMPLES)) <= 160
    assert second[0] == begin + int(0.9 * SAMPLE_RATE_HZ) + gap - LEAD_SAMPLES
    assert abs(len(second[1]) / 2 - (LEAD_SAMPLES + SAMPLE_RATE_HZ + TAIL_BLOCKS * BLOCK_SAMPLES)) <= 160


@given(before=st.integers(LEAD_SAMPLES, 20_000), after=st.integers(3_600, 20_000))
def test_silence_around_changes_nothing(before: int, after: int) -> None:
    """What is handed on of a sentence is the same, however much silence lies around it."""
    around = np.zeros(20_000, np.int16)
    alone = read(np.concatenate((around, loud(0.8), around)))
    ((start, pcm, ended),) = read(np.concatenate((around[:before], loud(0.8), around[:after])))
    assert start == before - LEAD_SAMPLES
    assert (pcm, ended) == alone[0][1:]


def test_silence_has_no_sentence() -> None:
    """What never rises above the gate is not handed on."""
    assert read(quiet(2.0, 40)) == []


def test_noise_in_the_pauses_is_handed_on() -> None:
    """Where noise fills the pauses there are none, and not a sample is kept back."""
    noisy = np.concatenate((loud(0.5) // 9, loud(0.6), loud(0.5) // 9, loud(0.6), loud(0.5) // 9))
    ((start, pcm, ended),) = read(noisy)
    assert (start, pcm, ended) == (0, noisy.tobytes(), False)


def test_a_click_is_no_sentence() -> None:
    """A click before the speech is of the sentence that follows: nothing is lost between."""
    ((start, pcm, _),) = read(np.concatenate((quiet(0.5), loud(0.02), quiet(0.4), loud(0.7), quiet(0.5))))
    assert start == int(0.5 * SAMPLE_RATE_HZ) - LEAD_SAMPLES
    assert len(pcm) / 2 > 1.1 * SAMPLE_RATE_HZ
