"""The cepstral mean: the same however the samples came, and moved only by what is loud."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transcription.engines.cepstra import PRIOR, Cepstra, CepstralMean, Pcm, cepstra, power_spectra


def noise(length: int, seed: int = 3, level: float = 2_000.0) -> Pcm:
    return np.random.default_rng(seed).normal(0, level, length).astype(np.int16)


def mean_of(pieces: list[Pcm]) -> Cepstra:
    mean = CepstralMean()
    for piece in pieces:
        mean.push(piece)
    return mean.value


@given(st.lists(st.integers(0, 8_000), max_size=12))
def test_cuts_do_not_change_the_mean(cuts: list[int]) -> None:
    """Samples in any pieces give the mean that they give as one."""
    samples = noise(8_000)
    assert np.allclose(mean_of(np.split(samples, sorted(cuts))), mean_of([samples]), rtol=0, atol=1e-9)


def test_silence_says_nothing_of_a_voice() -> None:
    """Silence leaves the prior as it is; sound moves it towards its own mean."""
    assert np.array_equal(mean_of([np.zeros(16_000, np.int16)]), PRIOR)
    samples = noise(160_000)
    heard = cepstra(power_spectra(samples)).mean(axis=0)
    assert np.abs(mean_of([samples]) - heard).max() < 0.1 * np.abs(PRIOR - heard).max()


def test_frames() -> None:
    """One frame per 10 ms that has its 25.6 ms, thirteen coefficients each; fewer samples give none."""
    assert cepstra(power_spectra(noise(409))).shape == (0, 13)
    assert cepstra(power_spectra(noise(410))).shape == (1, 13)
    assert cepstra(power_spectra(noise(16_000))).shape == (98, 13)
    assert np.isfinite(cepstra(power_spectra(np.zeros(1_000, np.int16)))).all()
