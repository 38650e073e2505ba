"""Loops, floods and inventions are dropped; what people say stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.engines.base import Hypothesis, HypothesisSegment
from transcription.models import Word
from transcription.streaming.guards import guard, without_loop


def heard(text: str, *, length_s: float = 5.0, **figures: float | None) -> Hypothesis:
    return Hypothesis((HypothesisSegment(0.0, length_s, text, **figures),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("no no no no no", 5),
        ("thank you thank you thank you", 6),
        ("so then " + "okay " * 9, 3),
        ("well " + "thanks for watching " * 5, 4),
        ("a b c d e f " * 5, 6),
        ("all different words here", 4),
    ],
)
def test_loop_is_cut_to_its_first_turn(text: str, kept: int) -> None:
    """An n-gram said over and over at the end stays once; repetition as people do it stays whole."""
    assert without_loop(text.split()) == kept


@given(st.lists(st.integers(), max_size=60, unique=True))
def test_text_without_repetition_is_untouched(words: list[int]) -> None:
    """Where no word comes twice nothing is dropped."""
    assert without_loop([str(word) for word in words]) == len(words)


def test_words_are_limited_by_the_audio() -> None:
    """A second of audio does not hold fifty words."""
    words = guard(heard(" ".join(f"w{n}" for n in range(50))), window_s=1.0)
    assert len(words.words) == 14
    assert words.looped


def test_silence_as_the_engine_sees_it_is_dropped() -> None:
    """Likely no speech, and unlikely text: dropped. One of the two alone: kept."""
    assert guard(heard("thank you", no_speech_prob=0.9, avg_logprob=-1.4), window_s=2.0).words == ()
    assert guard(heard("thank you", no_speech_prob=0.9, avg_logprob=-0.3), window_s=2.0).words
    assert guard(heard("thank you", no_speech_prob=0.1, avg_logprob=-1.4), window_s=2.0).words


def test_words_without_times_are_spread_and_not_published() -> None:
    """Text alone is cut into words over the segment's time, and marked as having no times of its own."""
    result = guard(heard("one three", length_s=8.0), window_s=8.0)
    assert result.words == (Word("one", 0.0, 3.0), Word("three", 3.0, 8.0))
    assert not result.timed


def test_likelihood_and_compression_end_what_is_sure() -> None:
    """Words from the first segment on that Whisper's decoder would try again stay, and are not sure."""
    good = HypothesisSegment(0.0, 1.0, "hello there", avg_logprob=-0.3, compression_ratio=1.1)
    for bad in (
        HypothesisSegment(1.0, 2.0, "um what", avg_logprob=-1.2),
        HypothesisSegment(1.0, 2.0, "um what", compression_ratio=2.5),
    ):
        result = guard(Hypothesis((good, bad, good)), window_s=5.0)
        assert len(result.words) == 6
        assert result.sure == 2


def test_loop_within_a_window_is_cut_too() -> None:
    """A segment that loops is cut to its first turn though another one follows."""
    looping = HypothesisSegment(0.0, 3.0, "so " + "thank you very much " * 6)
    after = HypothesisSegment(3.0, 4.0, "good bye")
    result = guard(Hypothesis((looping, after)), window_s=5.0)
    assert [word.text for word in result.words] == ["so", "thank", "you", "very", "much", "good", "bye"]
    assert result.looped
