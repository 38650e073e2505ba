"""Verbatim quotes with the time at which they were said."""

from __future__ import annotations

from transcription.analysis.base import Evidence
from transcription.analysis.text import tokens
from transcription.models import Segment


def quote(segment: Segment, start: int = 0, end: int | None = None) -> Evidence:
    """The code points [start, end) of a segment's text, as evidence.

    Times are those of the words where the segment has one for every token of its text; else those of the
    segment, which is what is known.
    """
    end = len(segment.text) if end is None else end
    start_s, end_s = segment.start_s, segment.end_s
    found = tokens(segment.text)
    if segment.words and len(found) == len(segment.words):
        quoted = [
            word
            for token, word in zip(found, segment.words, strict=True)
            if token.end > start and token.start < end
        ]
        if quoted:
            start_s, end_s = quoted[0].start_s, quoted[-1].end_s
    return Evidence(segment.id, round(start_s, 3), round(end_s, 3), segment.text[start:end])
