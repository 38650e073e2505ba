"""Tokens to segments and pieces to words: pure functions, told by small examples."""

from __future__ import annotations

import pytest

from transcription.engines.faster_whisper_encoding import padded_frames
from transcription.engines.faster_whisper_words import (
    Split,
    TimedWord,
    TokenSegment,
    split_by_timestamps,
    words_of,
)

EOT, BEGIN = 100, 200


def at(seconds: float) -> int:
    return BEGIN + round(seconds / 0.02)


def split(*tokens: int) -> Split:
    return split_by_timestamps(tokens, timestamp_begin=BEGIN, eot=EOT, duration_s=10.0)


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([], Split(())),
        ([at(0), 1, 2, at(4)], Split((TokenSegment(0.0, 4.0, (1, 2)),))),
        ([at(0), 1, at(4), at(5), 2, at(9)], Split((TokenSegment(0, 4, (1,)), TokenSegment(5, 9, (2,))))),
        ([at(0), 1, at(4), at(5), 2], Split((TokenSegment(0, 4, (1,)), TokenSegment(5, 10, (2,))), 5.0)),
        ([at(0), 1, at(4), at(5)], Split((TokenSegment(0, 4, (1,)),), 5.0)),
        ([1, 2], Split((TokenSegment(0, 10, (1, 2)),))),
        ([at(0), 1, at(29)], Split((TokenSegment(0, 10, (1,)),))),
    ],
)
def test_segments_lie_between_timestamps(tokens: list[int], expected: Split) -> None:
    """A lone timestamp at the end closes the answer; after a pair the rest is to be read again from there."""
    assert split(*tokens) == expected


def piece(text: str, start_s: float, end_s: float) -> TimedWord:
    return TimedWord(text, start_s, end_s, 0.5, 1)


def test_punctuation_belongs_to_words() -> None:
    """Closing marks go to the word before, opening ones to the word after; the times are the word's."""
    pieces = [piece(' "', 0, 0.1), piece("Well", 0.1, 0.5), piece(",", 0.5, 0.8), piece(" no", 0.8, 1.1)]
    words = words_of([*pieces, piece(".", 1.1, 1.2), piece('"', 1.2, 1.3)])
    assert [(word.text, word.start_s, word.end_s) for word in words] == [
        ('"Well,', 0.1, 0.5),
        ('no."', 0.8, 1.1),
    ]


def test_a_word_is_not_stretched_over_a_pause() -> None:
    """The first word of a segment keeps its end, the last its start; both last twice the median at most."""
    short = [piece(" it", 3.0, 3.3), piece(" is", 3.3, 3.6)]
    words = words_of([piece(" so", 0, 3.0), *short, piece(" so", 3.6, 9)])
    assert words[0].end_s == 3.0
    assert words[0].start_s > 1.5
    assert words[-1].start_s == 3.6
    assert words[-1].end_s < 5.1


@pytest.mark.parametrize(
    ("seconds", "short", "padded_s"),
    [(3, False, 30), (3, True, 10), (9, True, 15), (14, True, 20), (29, True, 30)],
)
def test_padded_length(seconds: int, short: bool, padded_s: int) -> None:
    """30 s, or for short windows at least 10 s and 2 s more than the audio, in steps of 5 s."""
    assert padded_frames(seconds * 100, short=short) == padded_s * 100
