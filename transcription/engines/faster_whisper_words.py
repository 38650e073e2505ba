"""From Whisper's tokens to segments and timed words, in seconds from the window's start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from transcription.models import Word

TOKEN_S = 0.02
"""A timestamp token counts 20 ms; so does a column of the encoder's output."""
_BEFORE, _AFTER = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"
"""Punctuation that belongs to the word after it, and before it."""
_USUAL_WORD_S = 0.7
_STRETCH = 2.0
"""After a pause alignment stretches a word backwards over it: one that lasts more than so many times the
median (of at most 0.7 s) of its segment's words is cut to that (the rule of Whisper's own word times)."""


@dataclass(frozen=True, slots=True)
class TokenSegment:
    """A piece between two timestamps. `tokens`: text only."""

    start_s: float
    end_s: float
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """The segments of one answer; `reread_s`: from where the rest has to be decoded again, None: nowhere."""

    segments: tuple[TokenSegment, ...]
    reread_s: float | None = None


def split_by_timestamps(tokens: Sequence[int], *, timestamp_begin: int, eot: int, duration_s: float) -> Split:
    """Cut where two timestamps follow each other: the end of one segment and the start of the next.

    An answer whose last token is a lone timestamp is whole. Else what follows the last pair was not finished:
    its words are in the last segment, and `reread_s` says where it starts.
    """
    segments: list[TokenSegment] = []
    text: list[int] = []
    start_s, reread_s, paired = 0.0, None, False
    for index, token in enumerate(tokens):
        if token < eot:
            text.append(token)
        if token < timestamp_begin:
            continue
        at_s = min((token - timestamp_begin) * TOKEN_S, duration_s)
        if text:
            segments.append(TokenSegment(start_s, max(start_s, at_s), tuple(text)))
            text = []
        paired = index > 0 and tokens[index - 1] >= timestamp_begin
        if paired:
            reread_s = at_s
        start_s = at_s
    if text:
        segments.append(TokenSegment(start_s, duration_s, tuple(text)))
    whole = len(tokens) >= 2 and tokens[-1] >= timestamp_begin > tokens[-2]
    return Split(tuple(segments), None if whole else reread_s)


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word with the space before it, or a mark of punctuation. `tokens`: how many it is made of."""

    text: str
    start_s: float
    end_s: float
    probability: float
    tokens: int


def timed_words(alignment: Any, tokens: Sequence[int], tokenizer: Any, *, offset_s: float) -> list[TimedWord]:
    """Words of `tokens` (text only) by CTranslate2's alignment of them: a word starts where the path of
    dynamic time warping comes to its first token, and ends where it comes to the next word's."""
    pieces, groups = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    if len(groups) <= 1:
        return []
    text_places = np.array([pair[0] for pair in alignment.alignments])
    time_places = np.array([pair[1] for pair in alignment.alignments])
    jumps = np.concatenate([[True], np.diff(text_places) > 0])
    at_s = time_places[jumps] * TOKEN_S + offset_s
    edges = np.concatenate([[0], np.cumsum([len(group) for group in groups[:-1]])])
    probabilities = alignment.text_token_probs
    return [
        TimedWord(
            piece,
            float(at_s[min(first, len(at_s) - 1)]),
            float(at_s[min(end, len(at_s) - 1)]),
            float(np.mean(probabilities[first:end])),
            len(group),
        )
        for piece, group, first, end in zip(pieces[:-1], groups[:-1], edges[:-1], edges[1:], strict=True)
    ]


def words_of(pieces: Sequence[TimedWord]) -> tuple[Word, ...]:
    """The words of one segment: punctuation joined to them, and none stretched over a pause."""
    words = _joined(pieces)
    lengths = [word.end_s - word.start_s for word in words if word.end_s > word.start_s]
    longest_s = _STRETCH * min(_USUAL_WORD_S, float(np.median(lengths))) if lengths else 0.0
    placed: list[Word] = []
    for index, word in enumerate(words):
        start_s, end_s = word.start_s, word.end_s
        if end_s - start_s > longest_s > 0:
            if index == 0:
                start_s = end_s - longest_s
            elif index == len(words) - 1:
                end_s = start_s + longest_s
        placed.append(Word(word.text.strip(), start_s, end_s, min(1.0, word.probability)))
    return tuple(word for word in placed if word.text)


def _joined(pieces: Sequence[TimedWord]) -> list[TimedWord]:
    """Opening marks go to the word after them, closing ones to the word before."""
    words: list[TimedWord] = []
    opening: TimedWord | None = None
    for piece in pieces:
        bare = piece.text.strip()
        if not bare:
            continue
        word = piece if opening is None else _together(opening, piece, spoken=piece)
        opening = None
        if words and bare in _AFTER and not piece.text.startswith(" "):
            words[-1] = _together(words[-1], word, spoken=words[-1])
        elif bare in _BEFORE and piece.text.startswith(" "):
            opening = word
        else:
            words.append(word)
    return words if opening is None else [*words, opening]


def _together(first: TimedWord, second: TimedWord, *, spoken: TimedWord) -> TimedWord:
    """One word of two pieces, with the times and the probability of the one that is spoken."""
    return TimedWord(
        first.text + second.text,
        spoken.start_s,
        spoken.end_s,
        spoken.probability,
        first.tokens + second.tokens,
    )
