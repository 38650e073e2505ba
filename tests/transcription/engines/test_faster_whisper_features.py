"""Log-mel frames that are computed once: equal to those of the whole window, however it grew."""

from __future__ import annotations

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from hypothesis import given, settings
from hypothesis import strategies as st

from transcription.engines import faster_whisper_features
from transcription.engines.base import Samples
from transcription.engines.faster_whisper_features import HOP_SAMPLES, LogMel

EXTRACTOR = FeatureExtractor()


def noise(seed: int, samples: int) -> Samples:
    """Louder and quieter in turns, so that the clamp below the loudest matters."""
    dice = np.random.default_rng(seed)
    level = np.repeat(10.0 ** dice.uniform(-6, -1, samples // 1600 + 1), 1600)[:samples]
    made: Samples = (dice.standard_normal(samples) * level).astype(np.float32)
    return made


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 999),
    grown=st.lists(st.integers(1, 9_000), min_size=1, max_size=12),
)
def test_a_grown_window_has_the_features_of_the_whole(seed: int, grown: list[int]) -> None:
    """However a window grew, its features are faster-whisper's own of all of it, within float's tolerance."""
    samples, log_mel, length = noise(seed, sum(grown)), LogMel(EXTRACTOR.mel_filters), 0
    for more in grown:
        length += more
        got = log_mel.features(samples[:length], "u")
        count = length // HOP_SAMPLES
        assert got.shape == (80, count)
        if count:
            assert np.allclose(got, EXTRACTOR(samples[:length])[:, :count], atol=1e-5)
    assert log_mel.frames_computed <= length // HOP_SAMPLES + 3 * len(grown)


def test_utterances_are_let_go_of() -> None:
    """No more utterances than agreed on are kept; one that was let go of is computed anew and is right."""
    log_mel, samples = LogMel(EXTRACTOR.mel_filters), noise(1, 3_200)
    for number in range(faster_whisper_features.KEPT_UTTERANCES + 1):
        log_mel.features(samples, f"u{number}")
    computed = log_mel.frames_computed
    log_mel.features(samples, "u1")
    assert log_mel.frames_computed - computed <= 2
    again = log_mel.features(samples, "u0")
    assert log_mel.frames_computed - computed > 18
    assert np.allclose(again, EXTRACTOR(samples)[:, :20], atol=1e-5)


def test_a_changed_or_shorter_window_is_not_trusted() -> None:
    """Other samples under a known key, or fewer, give their own features."""
    log_mel = LogMel(EXTRACTOR.mel_filters)
    for samples in (noise(1, 4_000), noise(2, 6_000), noise(2, 5_000)):
        got = log_mel.features(samples, "u")
        assert np.allclose(got, EXTRACTOR(samples)[:, : len(samples) // HOP_SAMPLES], atol=1e-5)
