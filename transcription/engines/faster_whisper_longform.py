"""Whole recordings: piece by piece into the recogniser, and out of it in segments as people read them.

faster-whisper computes the features of all that it is given at once, 54 MB a minute: a working day would take
26 GB. So it is given ten minutes at a time, cut where it is quietest. Whisper reads windows of 30 s, and
begins a new segment where a window ends, in the middle of a sentence too. What reads a transcript goes by its
segments, so a sentence that was cut is put together again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from transcription.engines.base import SAMPLE_RATE_HZ, HypothesisSegment, Samples
from transcription.models import Word

CUT_S = 0.3
"""A shorter silence than this, after words that end no sentence, is a cut and no pause."""
LONGEST_S = 30.0
LONGEST_PIECE_S = 600.0
_SEARCHED_S = 30.0
"""Before the longest end of a piece: people pause within half a minute."""
_QUIET_S, _FRAME_S = 0.3, 0.02
_ENDS = tuple(".?!…。？！")


def pieces(samples: Samples, *, longest_s: float = LONGEST_PIECE_S) -> Iterator[tuple[float, Samples]]:
    """Where each piece begins, in seconds, and its samples; together they are the recording."""
    longest, searched = int(longest_s * SAMPLE_RATE_HZ), int(min(_SEARCHED_S, longest_s / 2) * SAMPLE_RATE_HZ)
    start = 0
    while len(samples) - start > longest:
        end = start + longest
        cut = end - searched + _quietest(samples[end - searched : end])
        yield start / SAMPLE_RATE_HZ, samples[start:cut]
        start = cut
    yield start / SAMPLE_RATE_HZ, samples[start:]


def _quietest(samples: Samples) -> int:
    """The middle of the quietest 0.3 s."""
    frame = int(_FRAME_S * SAMPLE_RATE_HZ)
    count = len(samples) // frame
    power = np.square(samples[: count * frame].reshape(count, frame), dtype=np.float64).mean(axis=1)
    length = min(count, round(_QUIET_S / _FRAME_S))
    together = np.convolve(power, np.ones(length), "valid")
    return int((int(together.argmin()) + length / 2) * frame)


def put_together(segments: Iterable[Any]) -> Iterator[list[Any]]:
    """faster-whisper's segments, each with those that its sentence goes on in."""
    group: list[Any] = []
    for segment in segments:
        if group and not _goes_on(group, segment):
            yield group
            group = []
        group.append(segment)
    if group:
        yield group


def _goes_on(group: Sequence[Any], segment: Any) -> bool:
    ended = group[-1].text.rstrip().endswith(_ENDS)
    near = segment.start - group[-1].end < CUT_S
    return not ended and near and segment.end - group[0].start <= LONGEST_S


def as_heard(group: Sequence[Any], *, start_s: float, end_s: float) -> HypothesisSegment:
    """One segment of several, from the clock of a piece to the recording's. `start_s`, `end_s`: of the piece,
    within which it stays; Whisper pads to 30 s, and may put words there."""

    def place(at_s: float) -> float:
        return min(max(start_s + float(at_s), start_s), end_s)

    lengths_s = [max(1e-3, segment.end - segment.start) for segment in group]

    def mean(values: Iterable[float]) -> float:
        weighed = sum(value * length_s for value, length_s in zip(values, lengths_s, strict=True))
        return float(weighed / sum(lengths_s))

    return HypothesisSegment(
        start_s=place(group[0].start),
        end_s=place(group[-1].end),
        text="".join(segment.text for segment in group).strip(),
        words=tuple(
            Word(word.word.strip(), place(word.start), place(word.end), min(1.0, float(word.probability)))
            for segment in group
            for word in segment.words or ()
            if word.word.strip()
        ),
        avg_logprob=mean(segment.avg_logprob for segment in group),
        no_speech_prob=mean(segment.no_speech_prob for segment in group),
        compression_ratio=mean(segment.compression_ratio for segment in group),
    )
