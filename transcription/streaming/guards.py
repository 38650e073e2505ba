"""What a hypothesis must pass before anybody sees it.

Sequence-to-sequence recognisers loop and invent on hard audio. The tests are about form, never about which
words: a limit on words per second, a test for a repeated n-gram at the end, and the thresholds of Whisper's
own decoder (Radford et al. 2022, section 4.5) where the engine measured what they need.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from transcription.engines.base import Hypothesis, HypothesisSegment
from transcription.models import Word
from transcription.streaming.agreement import fold

MAX_WORDS_PER_S = 8.0
"""Twice the fastest that people speak for long (auctioneers and debaters: 4 to 5.5 words a second)."""
SPARE_WORDS = 6
"""Allowed on top, so that a burst in a short window is not cut."""
LONGEST_LOOP_WORDS = 12
MAX_SINGLE_REPEATS = 8
"""People do say "no no no no no"; they do not say one word more than eight times running."""
MAX_PHRASE_REPEATS = 4
"""The same for two words and more."""
MAX_COMPRESSION_RATIO = 2.4
MIN_AVG_LOGPROB = -1.0
MAX_NO_SPEECH_PROB = 0.6


@dataclass(frozen=True, slots=True)
class Guarded:
    """The words that passed, and whether a loop was found (then the prompt is cleared: loops feed on it).

    `timed`: the engine gave the words' times; else they are spread over the segment for want of better, good
    enough to cut by and not to publish.
    """

    words: tuple[Word, ...]
    looped: bool
    timed: bool
    segments: tuple[HypothesisSegment, ...] = ()
    sure: int = 0
    """How many of `words`, from the start on, Whisper's own decoder would have let pass by their likelihood
    and compression. A partial is not decoded again at a higher temperature: the rest is shown, and agrees
    with nothing."""
    settled: int = 0
    """How many of `words`, from the start on, the engine says that it will not change."""


def guard(hypothesis: Hypothesis, *, window_s: float) -> Guarded:
    """Drop what cannot have been said."""
    kept = tuple(segment for segment in hypothesis.segments if _credible(segment))
    timed = all(segment.words for segment in kept if segment.text.strip())
    words: list[Word] = []
    looped, sure = False, None
    for segment in kept:
        if sure is None and _unsure(segment):
            sure = len(words)
        said = [word for word in segment_words(segment) if word.text.strip()]
        length = without_loop([fold(word.text) for word in said])
        looped |= length < len(said)
        words += said[:length]
    length = without_loop([fold(word.text) for word in words])
    budget = int(MAX_WORDS_PER_S * window_s) + SPARE_WORDS
    looped |= length < len(words) or length > budget
    words = words[: min(length, budget)]
    if looped and compression_ratio(" ".join(word.text for word in words)) > MAX_COMPRESSION_RATIO:
        words = []
    return Guarded(
        words=tuple(words),
        looped=looped,
        timed=timed,
        segments=kept,
        sure=len(words) if sure is None else min(sure, len(words)),
        settled=0 if looped else min(hypothesis.settled, len(words)),
    )


def without_loop(words: Sequence[str]) -> int:
    """How many words are left when a loop at the end is cut down to its first turn.

    The longest tail that is one n-gram over and over counts; all of them where there is no loop.
    """
    best = len(words)
    for size in range(1, min(LONGEST_LOOP_WORDS, len(words) // 2) + 1):
        repeated = 0
        while repeated + size < len(words) and words[-1 - repeated] == words[-1 - repeated - size]:
            repeated += 1
        turns = repeated // size + 1
        if turns > (MAX_SINGLE_REPEATS if size == 1 else MAX_PHRASE_REPEATS):
            best = min(best, len(words) - repeated)
    return best


def compression_ratio(text: str) -> float:
    """Bytes of text for each byte of it compressed; repeated text compresses well."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def segment_words(segment: HypothesisSegment) -> tuple[Word, ...]:
    """The segment's words; spread over its time by their length where the engine gave none."""
    if segment.words:
        return segment.words
    texts = segment.text.split()
    total = sum(len(text) for text in texts)
    words: list[Word] = []
    done = 0
    for text in texts:
        start_s, end_s = (
            segment.start_s + (segment.end_s - segment.start_s) * part / total
            for part in (done, done + len(text))
        )
        words.append(Word(text, start_s, end_s))
        done += len(text)
    return tuple(words)


def _credible(segment: HypothesisSegment) -> bool:
    """Whisper's rule for silence: no speech is likely, and the text that came all the same is unlikely."""
    return not (
        segment.no_speech_prob is not None
        and segment.no_speech_prob > MAX_NO_SPEECH_PROB
        and segment.avg_logprob is not None
        and segment.avg_logprob < MIN_AVG_LOGPROB
    )


def _unsure(segment: HypothesisSegment) -> bool:
    """Whisper's rule for a decode that should be tried again."""
    ratio, logprob = segment.compression_ratio, segment.avg_logprob
    return (ratio is not None and ratio > MAX_COMPRESSION_RATIO) or (
        logprob is not None and logprob < MIN_AVG_LOGPROB
    )
