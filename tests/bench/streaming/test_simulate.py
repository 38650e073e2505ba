"""The simulated clock: audio at the speed of speech, one decode at a time, each as long as it says."""

from __future__ import annotations

import numpy as np
import pytest

from bench.streaming.ours import OurCore
from bench.streaming.policies import FixedWindows, LocalAgreement
from bench.streaming.simulate import simulate
from bench.streaming.work import adversary
from transcription.audio.vad import FRAME_SAMPLES
from transcription.engines.base import SAMPLE_RATE_HZ, Hypothesis, SpeechWindow
from transcription.streaming.config import StreamConfig

SCRIPT = [(f"word{index}", 1.0 + 0.4 * index, 1.4 + 0.4 * index) for index in range(10)]
FAULTLESS = {
    "misheard": 0.0, "tail_wrong": 0.0, "loop": 0.0, "invent": 0.0, "error": 0.0, "no_answer": 0.0,
    "cut_drop": 1.0, "latency_sigma": 0.0, "latency_fixed_ms": 300.0, "latency_per_s_ms": 0.0,
}  # fmt: skip
SAMPLES = np.random.default_rng(1).uniform(-0.1, 0.1, 7 * SAMPLE_RATE_HZ).astype(np.float32)
TEXT = " ".join(word for word, _, _ in SCRIPT)


def speech() -> list[float]:
    """Speech probabilities: 1 from the first word to the end of the last one."""
    frames_s = np.arange(len(SAMPLES) // FRAME_SAMPLES) * FRAME_SAMPLES / SAMPLE_RATE_HZ
    return [float(1.0 <= at_s < 5.0) for at_s in frames_s]


def test_every_policy_comes_to_its_end_with_the_truth() -> None:
    """Without faults ours and LocalAgreement say every word once; the windows they ask for are counted."""
    for policy in (OurCore(SAMPLES, speech(), StreamConfig(language="en")), LocalAgreement(1.0)):
        work = simulate(policy, SAMPLES, adversary(SCRIPT, **FAULTLESS))
        assert policy.shown[-1].is_final
        assert policy.shown[-1].text == TEXT
        assert work.decodes == len(work.windows) > 2
        assert work.audio_s == pytest.approx(sum(end_s - start_s for start_s, end_s in work.windows))
        assert work.engine_s == pytest.approx(0.3 * work.decodes)


def test_an_answer_comes_when_it_was_done() -> None:
    """A window that ends at 2.0 s and takes 0.3 s is shown at 2.3 s, whatever comes in between."""
    policy = FixedWindows(1.5)
    simulate(policy, SAMPLES, adversary(SCRIPT, **FAULTLESS))
    assert policy.shown[0].at_s == pytest.approx(2.3)


def test_one_decode_at_a_time() -> None:
    """A decode that takes longer than the audio it waits for delays the next one: no two overlap."""
    asked_s: list[float] = []

    def slow(window: SpeechWindow) -> tuple[Hypothesis | None, float]:
        asked_s.append(window.offset_s + window.duration_s)
        return Hypothesis(()), 2.5

    simulate(LocalAgreement(1.0), SAMPLES, slow)
    assert asked_s == [pytest.approx(value) for value in (1.0, 3.5, 6.0, 7.0)]


def test_losses_are_survived() -> None:
    """With every third call an error or without an answer, ours still ends with every word, once."""
    decode = adversary(SCRIPT, **{**FAULTLESS, "error": 0.2, "no_answer": 0.13})
    policy = OurCore(SAMPLES, speech(), StreamConfig(language="en"))
    work = simulate(policy, SAMPLES, decode)
    assert work.losses > 0
    assert [message.text for message in policy.shown if message.is_final] == [TEXT]


def test_an_engine_that_never_answers_is_given_up() -> None:
    """A policy that asks for ever is stopped with an error, not waited for."""
    with pytest.raises(RuntimeError, match="lost"):
        simulate(FixedWindows(1.5), SAMPLES, lambda _: (None, 0.0))
