"""The adversary errs as it was told to, at the rates it was told, the same for the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.engines.adversary import AdversaryEngine, Answer
from transcription.engines.base import SAMPLE_RATE_HZ, SpeechEngineConfig, SpeechWindow
from transcription.engines.registry import make_speech_engine
from transcription.errors import EngineFailed, EngineUnavailable
from transcription.streaming.guards import guard

WORDS = tuple((f"word{index}", 1.0 + 0.4 * index, 1.4 + 0.4 * index) for index in range(40))
"""Sixteen seconds of speech without a pause, from 1.0 to 17.0 s."""
FAULTLESS = dict.fromkeys(
    ("misheard", "tail_wrong", "jitter_s", "loop", "invent", "error", "no_answer", "cut_drop"), 0.0
)


def engine(**options: Any) -> AdversaryEngine:
    made = AdversaryEngine(
        SpeechEngineConfig("", options=tuple({"script": WORDS, **FAULTLESS, **options}.items()))
    )
    made.load()
    return made


def window(start_s: float, end_s: float, *, is_final: bool = False) -> SpeechWindow:
    samples = np.zeros(round((end_s - start_s) * SAMPLE_RATE_HZ), np.float32)
    return SpeechWindow("u", samples, start_s, is_final)


def heard(made: AdversaryEngine, asked: SpeechWindow) -> list[str]:
    hypothesis = made.answer(asked).hypothesis
    assert hypothesis is not None
    return [word.text for word in hypothesis.words]


def test_without_faults_the_truth() -> None:
    """With every rate at nought a window that cuts no word gives its words, at their times."""
    made = engine()
    hypothesis = made.answer(window(0.0, 18.0)).hypothesis
    assert hypothesis is not None
    assert [(w.text, round(w.start_s, 3), round(w.end_s, 3)) for w in hypothesis.words] == [
        (text, round(start_s, 3), round(end_s, 3)) for text, start_s, end_s in WORDS
    ]


def test_the_same_seed_says_the_same() -> None:
    """Two engines of one seed answer a row of windows alike, times and errors included; another seed not."""

    def row(seed: int) -> list[Answer]:
        made = engine(
            seed=seed,
            misheard=0.2,
            tail_wrong=0.5,
            jitter_s=0.05,
            loop=0.1,
            invent=0.5,
            error=0.1,
            no_answer=0.1,
        )
        return [made.answer(window(0.5, 1.0 + step / 3)) for step in range(50)]

    assert row(1) == row(1)
    assert row(1) != row(2)


@given(
    st.floats(0, 15),
    st.floats(0.3, 10),
    st.booleans(),
    st.fixed_dictionaries(
        dict.fromkeys(("misheard", "flicker", "cut_drop", "tail_wrong", "loop", "invent"), st.floats(0, 1))
    ),
    st.floats(0, 0.3),
)
def test_times_stay_within_the_window(
    start_s: float, length_s: float, is_final: bool, rates: dict[str, float], jitter_s: float
) -> None:
    """Whatever the faults, words come in order, within the window, no word before it starts."""
    hypothesis = engine(**rates, jitter_s=jitter_s).answer(
        window(start_s, start_s + length_s, is_final=is_final)
    ).hypothesis  # fmt: skip
    assert hypothesis is not None
    at_s = start_s - 1e-3
    for word in hypothesis.words:
        assert at_s - 1e-9 <= word.start_s <= word.end_s <= start_s + length_s + 1e-3
        at_s = word.start_s


def test_cut_words_are_garbled_or_missing() -> None:
    """A word that an edge cuts never comes whole: by `cut_drop` it is missing or comes in part."""
    asked = window(1.2, 5.2)  # cuts word0 and word10
    assert heard(engine(cut_drop=1.0), asked) == [f"word{i}" for i in range(1, 10)]
    garbled = heard(engine(cut_drop=0.0), asked)
    assert garbled[1:-1] == [f"word{i}" for i in range(1, 10)]
    assert garbled[0] != "word0"
    assert garbled[-1] not in {"word10", "word9"}


def test_tail_words_settle_with_context() -> None:
    """Without enough after it a word is wrong or missing; with it, or with a pause after it, it is right."""
    made = engine(tail_wrong=1.0, right_context_s=0.7)
    assert heard(made, window(0.5, 5.0))[:8] == [f"word{i}" for i in range(8)]
    assert "word9" not in heard(made, window(0.5, 5.0))
    assert heard(made, window(0.5, 17.2))[-1] == "word39"


def test_a_loop_is_one_that_the_guard_finds() -> None:
    """A looped window says its words and then the last of them over and over; the guard leaves the words."""
    hypothesis = engine(loop=1.0).answer(window(0.5, 9.0)).hypothesis
    assert hypothesis is not None
    assert len(hypothesis.words) > 40
    passed = guard(hypothesis, window_s=8.5)
    assert passed.looped
    assert [word.text for word in passed.words] == [f"word{i}" for i in range(20)]


def test_a_loop_may_swallow_what_came_after() -> None:
    """With `loop_swallows`, the second half of the window's words is never said."""
    said = heard(engine(loop=1.0, loop_swallows=1.0), window(0.5, 9.0))
    assert "word19" not in said


def test_words_in_silence() -> None:
    """A window without words brings invented ones at the rate `invent`, the same for the same silence."""
    always = engine(invent=1.0)
    assert heard(always, window(30.0, 33.0)) == heard(always, window(30.0, 34.0)) != []
    assert heard(engine(invent=0.0), window(30.0, 33.0)) == []
    rate = sum(bool(heard(engine(invent=0.3), window(30.0, 31.0 + step / 10))) for step in range(300)) / 300
    assert rate == pytest.approx(0.3, abs=0.1)  # four standard deviations


def test_rates_of_errors_and_of_no_answer() -> None:
    """As many calls fail as were asked for, and one that brings nothing takes as long as a hang lasts."""
    made = engine(error=0.2, no_answer=0.1, hang_s=7.0)
    answers = [made.answer(window(0.5, 3.0)) for _ in range(1000)]
    assert sum("error" in answer.fault for answer in answers) == pytest.approx(200, abs=50)
    silent = [answer for answer in answers if answer.fault == "no answer"]
    assert len(silent) == pytest.approx(100, abs=40)
    assert {answer.latency_s for answer in silent} == {7.0}


def test_the_decode_time_is_drawn_about_its_median() -> None:
    """Half of the decodes take longer than the median, and a longer window has a longer one."""
    made = engine(latency_fixed_ms=100.0, latency_per_s_ms=50.0, latency_sigma=0.5)
    short = [made.answer(window(0.0, 2.0)).latency_s for _ in range(1000)]
    long = [made.answer(window(0.0, 10.0)).latency_s for _ in range(1000)]
    assert np.median(short) == pytest.approx(0.2, rel=0.1)
    assert np.median(long) == pytest.approx(0.6, rel=0.1)
    assert np.std(np.log(short)) == pytest.approx(0.5, rel=0.15)


def test_decode_raises_what_was_drawn() -> None:
    """Through the engine's own seam an error is one that may be tried again, and an answer is an answer."""
    with pytest.raises(EngineFailed) as failed:
        engine(error=1.0, latency_fixed_ms=0.0, latency_per_s_ms=0.0).decode([window(0.5, 2.0)])
    assert failed.value.retryable
    (hypothesis,) = engine(latency_fixed_ms=0.0, latency_per_s_ms=0.0).decode([window(0.5, 1.8)])
    assert hypothesis.text == "word0 word1"


def test_options_that_there_are_not() -> None:
    """An unknown option and an unreadable script are refused by name."""
    with pytest.raises(EngineUnavailable, match="loops"):
        engine(loops=0.1)
    with pytest.raises(EngineUnavailable, match="script"):
        engine(script="/nowhere.json")


def test_it_has_an_alias() -> None:
    """The registry makes it by name."""
    made = make_speech_engine("adversary", SpeechEngineConfig("", options=(("seed", 3),)))
    assert isinstance(made, AdversaryEngine)
    assert made.faults.seed == 3
