"""Every word near a forced cut goes to exactly one side, though each side hears it a little differently."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transcription.engines.base import SAMPLE_RATE_HZ
from transcription.models import Word
from transcription.streaming.cutting import Seam, choose_cut, seam_after, split

TRUE = [Word(f"w{n}", n * 0.3, n * 0.3 + 0.3) for n in range(20)]


def moved(words: list[Word], off_s: float) -> list[Word]:
    return [word.shifted(off_s) for word in words]


@given(st.integers(1, 19), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))
def test_both_sides_together_have_each_word_once(cut: int, left_off_s: float, right_off_s: float) -> None:
    """Two decodes that place the words up to 0.2 s apart still share them out without loss or doubling."""
    planned = Seam(TRUE[cut].start_s, TRUE[cut - 1].text, TRUE[cut].text)
    left, right = moved(TRUE[: cut + 2], left_off_s), moved(TRUE[max(0, cut - 2) :], right_off_s)
    count = split(left, planned)
    seam = seam_after(left, count, planned)
    said = [*left[:count], *right[split(right, seam) :]]
    assert [word.text for word in said] == [word.text for word in TRUE]


def test_repeated_word_is_shared_out_by_time() -> None:
    """Where both sides of the cut are the same word, text says nothing and time decides."""
    words = [Word("no", n * 0.3, n * 0.3 + 0.3) for n in range(6)]
    assert split(words, Seam(0.9, "no", "no")) == 3


def test_cut_prefers_the_gap_between_agreed_words() -> None:
    """Of the agreed boundaries in reach, the one where speech is least likely wins."""
    words = [Word(f"w{n}", n * 0.5, n * 0.5 + 0.45) for n in range(20)]
    end = 10 * SAMPLE_RATE_HZ
    probabilities = [0.9] * (end // 512)
    for frame in range(int(7.46 * SAMPLE_RATE_HZ / 512), int(7.5 * SAMPLE_RATE_HZ / 512) + 1):
        probabilities[frame] = 0.3
    silence = np.zeros(5 * SAMPLE_RATE_HZ, np.float32)
    cut, seam = choose_cut(words, 18, probabilities, silence, start=0, end=end, overlap=8_000)
    assert abs(cut / SAMPLE_RATE_HZ - 7.475) < 0.01
    assert (seam.before, seam.after) == ("w14", "w15")


def test_cut_without_agreement_is_at_the_quietest_moment() -> None:
    """No agreed word in reach: the cut lies in the dip of the audio, with room for the overlap after it."""
    end = 10 * SAMPLE_RATE_HZ
    recent = np.full(5 * SAMPLE_RATE_HZ, 0.1, np.float32)
    recent[int(2.0 * SAMPLE_RATE_HZ) : int(2.1 * SAMPLE_RATE_HZ)] = 0.001
    recent[int(4.8 * SAMPLE_RATE_HZ) :] = 0.0
    cut, seam = choose_cut([], 0, [0.9] * 312, recent, start=0, end=end, overlap=8_000)
    assert 7.0 <= cut / SAMPLE_RATE_HZ <= 7.1
    assert seam == Seam(cut / SAMPLE_RATE_HZ)
