"""The policies that ours is held against do what their paper, or their name, says."""

from __future__ import annotations

import pytest

from bench.streaming.policies import Asked, FixedWindows, LocalAgreement
from transcription.engines.base import SAMPLE_RATE_HZ, Hypothesis, HypothesisSegment
from transcription.models import Word


def hypothesis(*segments: str, start_s: float = 0.0, word_s: float = 0.5) -> Hypothesis:
    """Segments of words that each last `word_s`, one after the other."""
    made: list[HypothesisSegment] = []
    at_s = start_s
    for text in segments:
        words = []
        for word in text.split():
            words.append(Word(word, at_s, at_s + word_s))
            at_s += word_s
        made.append(HypothesisSegment(words[0].start_s, words[-1].end_s, text, tuple(words)))
    return Hypothesis(tuple(made))


def hear_and_ask(policy: FixedWindows | LocalAgreement, until_s: float) -> Asked | None:
    policy.hear(int(until_s * SAMPLE_RATE_HZ), until_s)
    return policy.ask(until_s)


def spans_s(asked: Asked | None) -> tuple[float, float]:
    assert asked is not None
    return asked.start / SAMPLE_RATE_HZ, asked.end / SAMPLE_RATE_HZ


def test_agreement_confirms_what_two_hypotheses_begin_with() -> None:
    """Nothing is shown after the first hypothesis; after the second, the words that both begin with."""
    policy = LocalAgreement(1.0)
    assert hear_and_ask(policy, 0.9) is None
    assert spans_s(hear_and_ask(policy, 1.0)) == (0.0, 1.0)
    policy.answer(hypothesis("good mourning"), 1.2)
    assert policy.shown == []
    assert hear_and_ask(policy, 1.9) is None
    assert spans_s(hear_and_ask(policy, 2.0)) == (0.0, 2.0)
    policy.answer(hypothesis("good morning every"), 2.2)
    assert [(message.at_s, message.text) for message in policy.shown] == [(2.2, "good")]


def test_agreement_shows_its_tail_only_where_asked() -> None:
    """With `show_tail` the words not confirmed yet are shown as well, and counted as unstable."""
    policy = LocalAgreement(1.0, show_tail=True)
    hear_and_ask(policy, 1.0)
    policy.answer(hypothesis("good mourning"), 1.2)
    assert [(message.text, message.stable_chars) for message in policy.shown] == [("good mourning", 0)]


def test_agreement_ends_with_all_that_was_heard() -> None:
    """At the end the rest is decoded and its words are final without a second hypothesis."""
    policy = LocalAgreement(1.0)
    hear_and_ask(policy, 1.0)
    policy.answer(hypothesis("good"), 1.1)
    policy.hear(int(1.5 * SAMPLE_RATE_HZ), 1.5)
    policy.end(1.5)
    assert spans_s(policy.ask(1.5)) == (0.0, 1.5)
    policy.answer(hypothesis("good morning everybody"), 1.6)
    assert [(m.text, m.is_final) for m in policy.shown] == [("good morning everybody", True)]
    assert policy.ask(1.7) is None


def test_agreement_trims_at_a_confirmed_segment() -> None:
    """A buffer past 15 s starts anew at the end of the last confirmed segment that has another after it."""
    policy = LocalAgreement(8.0)
    segments = ("one two three four", "five six seven eight", "nine ten")
    hear_and_ask(policy, 8.0)
    policy.answer(hypothesis(*segments, word_s=0.8), 8.1)
    hear_and_ask(policy, 16.0)
    policy.answer(hypothesis(*segments, word_s=0.8), 16.1)
    assert list(spans_s(hear_and_ask(policy, 24.0))) == pytest.approx([6.4, 24.0], abs=1e-4)
    assert policy.cuts_s == [pytest.approx(6.4, abs=1e-4)]


def test_agreement_skips_what_it_confirmed() -> None:
    """After a trim, words that were confirmed and are heard again near their place are not said twice."""
    policy = LocalAgreement(8.0)
    for until_s in (8.0, 16.0):
        hear_and_ask(policy, until_s)
        policy.answer(hypothesis("one two three four five six", word_s=2.0), until_s + 0.1)
    for until_s in (24.0, 32.0):
        hear_and_ask(policy, until_s)
        policy.answer(hypothesis("six seven eight", start_s=11.95, word_s=2.0), until_s + 0.1)
    assert policy.shown[-1].text == "one two three four five six seven eight"


def test_agreement_bounds_a_buffer_in_which_nothing_is_confirmed() -> None:
    """Hypotheses that never agree leave the last 15 s, not a window that no recogniser takes."""
    policy = LocalAgreement(1.0)
    asked = None
    for second in range(1, 60):
        asked = hear_and_ask(policy, float(second))
        start_s, end_s = spans_s(asked)
        assert end_s - start_s <= LocalAgreement.LONGEST_S + 1
        policy.answer(hypothesis(f"noise{second}", start_s=end_s - 0.5), second + 0.1)


def test_a_lost_buffer_is_asked_for_again() -> None:
    """An error costs LocalAgreement an interval; at the end it is asked again at once."""
    policy = LocalAgreement(1.0)
    hear_and_ask(policy, 1.0)
    policy.lose(1.5)
    assert hear_and_ask(policy, 1.9) is None
    assert spans_s(hear_and_ask(policy, 2.0)) == (0.0, 2.0)
    policy.end(2.0)
    policy.lose(2.5)
    assert spans_s(policy.ask(2.5)) == (0.0, 2.0)


def test_fixed_windows_overlap_and_share_it() -> None:
    """At 1.5 s from one to the next, windows are 2.0 s long, and a word in the overlap is said once."""
    policy = FixedWindows(1.5)
    assert hear_and_ask(policy, 1.9) is None
    assert spans_s(hear_and_ask(policy, 2.0)) == (0.0, 2.0)
    policy.answer(hypothesis("one two three four"), 2.1)
    assert spans_s(hear_and_ask(policy, 3.5)) == (1.5, 3.5)
    policy.answer(hypothesis("four five six", start_s=1.5), 3.6)
    assert [message.text for message in policy.shown] == ["one two three", "four five six"]


def test_fixed_windows_end_with_the_audio() -> None:
    """The last window ends with the audio, and its last words belong to it."""
    policy = FixedWindows(1.5)
    policy.hear(int(1.2 * SAMPLE_RATE_HZ), 1.2)
    policy.end(1.2)
    assert spans_s(policy.ask(1.2)) == (0.0, 1.2)
    policy.lose(1.3)
    assert spans_s(policy.ask(1.3)) == (0.0, 1.2)
    policy.answer(hypothesis("one two"), 1.4)
    assert [message.text for message in policy.shown] == ["one two"]
    assert policy.ask(1.5) is None
