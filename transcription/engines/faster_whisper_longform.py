"""Segments of a whole recording, as people read them.

Whisper reads windows of 30 s, and begins a new segment where a window ends, in the middle of a sentence too.
What reads a transcript goes by its segments, so a sentence that was cut is put together again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from transcription.engines.base import HypothesisSegment
from transcription.models import Word

CUT_S = 0.3
"""A shorter silence than this, after words that end no sentence, is a cut and no pause."""
LONGEST_S = 30.0
_ENDS = tuple(".?!…。？！")


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


def as_heard(group: Sequence[Any], *, duration_s: float) -> HypothesisSegment:
    """One segment of several, within the recording: Whisper pads to 30 s, and may put words there."""

    def place(at_s: float) -> float:
        return min(max(float(at_s), 0.0), duration_s)

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
