"""Forced cuts: where to cut speech that does not pause, and whose the words around the cut are.

Both sides are decoded with audio of the other: the window of the utterance that ends goes on past the cut,
the next one starts before it by the overlap. So no word is heard only in part, and each word near the cut is
heard twice; `split` gives it to one side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from transcription.audio.vad import FRAME_SAMPLES
from transcription.engines.base import SAMPLE_RATE_HZ, Samples
from transcription.models import Word
from transcription.streaming.agreement import fold

LOOK_BACK_S = 5.0
"""A cut lies at most this far back: what follows it is decoded again."""
SEAM_TOLERANCE_S = 0.4
"""Two decodes place the same word at most about this far apart (the length of a long syllable)."""


@dataclass(frozen=True, slots=True)
class Seam:
    """A cut on the audio clock, with the folded words on both sides where they are known."""

    at_s: float
    before: str | None = None
    after: str | None = None


def split(words: Sequence[Word], seam: Seam) -> int:
    """How many of `words` lie before the seam.

    Time decides, by the middle of a word; where moving the split by one word makes more of the neighbouring
    words those that the seam knows, and that word lies near enough for its time to be off, text decides.
    """
    by_time = 0
    while by_time < len(words) and _middle_s(words[by_time]) < seam.at_s:
        by_time += 1
    best, best_matches = by_time, _matches(words, by_time, seam)
    for count, moved in ((by_time - 1, by_time - 1), (by_time + 1, by_time)):
        if not 0 <= count <= len(words) or abs(_middle_s(words[moved]) - seam.at_s) > SEAM_TOLERANCE_S:
            continue
        matches = _matches(words, count, seam)
        if matches > best_matches:
            best, best_matches = count, matches
    return best


def seam_after(words: Sequence[Word], count: int, planned: Seam) -> Seam:
    """The seam as the final decode heard it: between its words `count - 1` and `count`."""
    before = words[count - 1] if count else None
    after = words[count] if count < len(words) else None
    at_s = planned.at_s
    if before and after:
        at_s = (before.end_s + after.start_s) / 2
    elif before:
        at_s = max(at_s, before.end_s)
    return Seam(at_s, fold(before.text) if before else None, fold(after.text) if after else None)


def choose_cut(
    words: Sequence[Word],
    stable: int,
    probabilities: Sequence[float],
    recent: Samples,
    *,
    start: int,
    end: int,
    overlap: int,
) -> tuple[int, Seam]:
    """Where to cut the speech in samples [start, end) of the session.

    `probabilities` and `recent` are the speech probabilities and samples of the frames before `end`, as far
    back as a cut may lie. Gives a sample and the planned seam: between two agreed words if there are any in
    the second half of the utterance, best where speech is least likely and the gap is widest; else at the
    quietest moment that has the overlap's length after it, so that a word across it is heard whole.
    """
    end_s = end / SAMPLE_RATE_HZ
    earliest_s = max((start + end) / 2 / SAMPLE_RATE_HZ, end_s - LOOK_BACK_S)
    boundaries: list[tuple[float, float, float, int]] = []
    for index in range(stable):
        before = words[index]
        after = words[index + 1] if index + 1 < len(words) else None
        at_s = (before.end_s + after.start_s) / 2 if after else before.end_s
        if earliest_s <= at_s < end_s:
            speech = _least_speech(probabilities, end_s, before.end_s, after.start_s if after else at_s)
            gap_s = after.start_s - before.end_s if after else 0.0
            boundaries.append((round(speech, 1), -gap_s, -at_s, index))
    if boundaries:
        _, _, negative_at_s, index = min(boundaries)
        following = fold(words[index + 1].text) if index + 1 < len(words) else None
        seam = Seam(-negative_at_s, fold(words[index].text), following)
        return round(seam.at_s * SAMPLE_RATE_HZ), seam
    cut = _quietest(
        probabilities, recent, earliest=int(earliest_s * SAMPLE_RATE_HZ), end=end, overlap=overlap
    )
    return cut, Seam(cut / SAMPLE_RATE_HZ)


def _quietest(
    probabilities: Sequence[float], recent: Samples, *, earliest: int, end: int, overlap: int
) -> int:
    """Middle of the three frames of least probability and energy together, each as a part of its greatest."""
    count = min(len(probabilities), len(recent) // FRAME_SAMPLES, (end - earliest) // FRAME_SAMPLES)
    usable = count - overlap // FRAME_SAMPLES - 1
    if usable < 3:
        return (earliest + end) // 2
    frames = recent[len(recent) - count * FRAME_SAMPLES :].reshape(count, FRAME_SAMPLES)[:usable]
    level = np.sqrt(np.mean(frames.astype(np.float64) ** 2, axis=1))
    speech = np.asarray(list(probabilities)[-count:], np.float64)[:usable]
    cost = level / max(float(level.max()), 1e-9) + speech
    middle = int(np.argmin(np.convolve(cost, np.ones(3), "valid"))) + 1
    return end - (count - middle) * FRAME_SAMPLES + FRAME_SAMPLES // 2


def _least_speech(probabilities: Sequence[float], end_s: float, from_s: float, until_s: float) -> float:
    """The lowest speech probability of a frame in or beside [from_s, until_s]; 1.0 where none is known."""
    frame_s = FRAME_SAMPLES / SAMPLE_RATE_HZ
    first = len(probabilities) - 1 - int((end_s - from_s) / frame_s) - 1
    last = len(probabilities) - 1 - int((end_s - until_s) / frame_s) + 1
    return min(list(probabilities)[max(first, 0) : max(last + 1, 0)], default=1.0)


def _matches(words: Sequence[Word], count: int, seam: Seam) -> int:
    """How many of the two words around a split are those that the seam knows."""
    return int(count > 0 and fold(words[count - 1].text) == seam.before) + int(
        count < len(words) and fold(words[count].text) == seam.after
    )


def _middle_s(word: Word) -> float:
    return (word.start_s + word.end_s) / 2
