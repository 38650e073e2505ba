"""Made conversations have their words where they say; sounds have none, and are as loud as they should be."""

from __future__ import annotations

import random

import numpy as np
import pytest

from bench.streaming import conversations
from bench.streaming.conversations import Conversation, have_flite
from bench.streaming.grammar import monologue, sentence
from bench.streaming.memory import growth_bytes
from bench.streaming.sounds import LEVEL_DBFS, make_sounds
from bench.words import TrueWord
from transcription.engines.base import SAMPLE_RATE_HZ


def check(made: Conversation) -> None:
    """Words in order within their utterances, gaps between these, and speech where words are."""
    assert made.duration_s > conversations.LENGTH_S
    assert all(a.end_s <= b.start_s + 1e-6 for a, b in zip(made.words, made.words[1:], strict=False))
    assert all(end_s + 0.2 < start_s for (_, end_s), (start_s, _) in zip(
        made.utterances, made.utterances[1:], strict=False))  # fmt: skip
    spans = np.array(made.utterances)
    for word in made.words:
        assert ((spans[:, 0] - 1e-3 <= word.start_s) & (word.end_s <= spans[:, 1] + 1e-3)).any()
    first, last = (int(made.utterances[0][i] * SAMPLE_RATE_HZ) for i in (0, 1))
    assert float(np.sqrt(np.mean(made.samples[first:last] ** 2))) > 0.01
    assert float(np.abs(made.samples[: first - 1]).max()) < 0.01


def test_pieced_together_from_the_shipped_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without flite the call's own lines are laid in another order, the same one for the same seed."""
    monkeypatch.setattr(conversations, "have_flite", lambda: False)
    one, other = conversations.make_conversations(2, seed=5)
    check(one)
    check(other)
    (again,) = conversations.make_conversations(1, seed=5)
    assert again.words == one.words
    assert np.array_equal(again.samples, one.samples)
    assert other.words != one.words


@pytest.mark.slow
@pytest.mark.skipif(not have_flite(), reason="flite is not installed")
def test_read_by_flite(monkeypatch: pytest.MonkeyPatch) -> None:
    """With flite, two voices read the grammar's lines, and the synthesiser's times hold."""
    monkeypatch.setattr(conversations, "LENGTH_S", 25.0)
    (made,) = conversations.make_conversations(1, seed=5)
    check(made)


def test_the_grammar_is_seeded() -> None:
    """The same seed draws the same lines; a monologue has no comma to pause at."""
    assert [sentence(random.Random(seed)) for seed in range(20)] == [
        sentence(random.Random(seed)) for seed in range(20)
    ]
    assert "," not in monologue(random.Random(1), 9)


def test_sounds_are_as_loud_as_they_should_be() -> None:
    """Every sound but silence is at the level named, and as long as was asked for."""
    noise = np.random.default_rng(1).standard_normal(4 * SAMPLE_RATE_HZ).astype(np.float32)
    sounds = make_sounds(2.0, [Conversation(noise, (), ())], seed=1)
    assert float(np.abs(sounds.pop("silence")).max()) == 0.0
    for samples in sounds.values():
        assert samples.shape == (2 * SAMPLE_RATE_HZ,)
        assert 20 * np.log10(float(np.sqrt(np.mean(samples**2)))) == pytest.approx(LEVEL_DBFS, abs=0.1)


def test_memory_is_measured_over_rounds_of_the_same_audio() -> None:
    """The first and the last round of the same audio are compared; a short run holds as much in both."""
    rng = np.random.default_rng(1)
    samples = rng.uniform(-0.1, 0.1, 4 * SAMPLE_RATE_HZ).astype(np.float32)
    conversation = Conversation(samples, (TrueWord("hello", 1.0, 1.4),), ((1.0, 1.4),))
    early, late = growth_bytes(conversation, minutes=1)
    assert early > 0
    assert abs(late - early) < 1_000_000
