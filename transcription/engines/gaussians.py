"""How well the embedded recogniser's model likes a sentence, whatever its words, by the warp of the filters.

The Gaussians of all its phones together are a mixture that knows no text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from transcription.engines.cepstra import (
    COEFFICIENTS,
    LOUD_C0,
    PRIOR,
    PRIOR_FRAMES,
    Cepstra,
    Pcm,
    cepstra,
    power_spectra,
)
from transcription.engines.sentences import PAUSE_DEPTH_DB

EVERY_FRAMES = 3
"""Of the frames one in three is looked at: 30 ms, in which a vocal tract hardly moves."""


@dataclass(frozen=True, slots=True)
class Gaussians:
    """log N(x) of each is (x², x) · `weights` + `constant`; shapes (26, n) and (n,)."""

    weights: npt.NDArray[np.float32]
    constant: npt.NDArray[np.float32]

    def log_likelihood(self, coefficients: Cepstra) -> float:
        """Sum over the frames, shape (frames, 13), of the log density of the mixture, all weights alike."""
        frames = coefficients.astype(np.float32)
        logs = np.concatenate((frames**2, frames), axis=1) @ self.weights
        logs += self.constant
        highest = logs.max(axis=1, keepdims=True)
        logs -= highest
        np.exp(logs, out=logs)
        return float((highest[:, 0] + np.log(logs.sum(axis=1))).sum(dtype=np.float64))


@cache
def load_gaussians(model: Path) -> Gaussians:
    """Those of the static cepstra of a phonetically tied model. Raises ValueError or OSError."""
    means, variances = (_static(model / name) for name in ("means", "variances"))
    variances = np.maximum(variances, 1e-4)  # pocketsphinx' own floor (`varfloor`)
    constant = -0.5 * (means**2 / variances + np.log(variances)).sum(axis=0)
    weights = np.concatenate((-0.5 / variances, means / variances))
    return Gaussians(weights.astype(np.float32), constant.astype(np.float32))


def wheel_gaussians() -> Gaussians:
    """Those of the en-US model in pocketsphinx' own wheel."""
    from pocketsphinx import get_model_path

    return load_gaussians(Path(get_model_path("en-us/en-us")))


def _static(path: Path) -> npt.NDArray[np.float64]:
    """The parameters of the first of the model's streams, shape (13, codebooks × densities).

    Format "s3" of the Sphinx tools: a text header; a byte-order mark; how many codebooks, streams and
    densities; each stream's width; how many floats; the floats."""
    content = path.read_bytes()
    at = content.index(b"endhdr\n") + len(b"endhdr\n")
    mark, codebooks, streams, densities = np.frombuffer(content, "<i4", 4, at)
    widths = np.frombuffer(content, "<i4", streams, at + 16)
    if mark != 0x11223344 or set(widths) != {COEFFICIENTS}:
        raise ValueError(f"{path} is not of streams of {COEFFICIENTS} cepstra")
    count = codebooks * streams * densities * COEFFICIENTS
    floats = np.frombuffer(content, "<f4", count, at + 20 + 4 * streams)
    first = floats.reshape(codebooks, streams, densities, COEFFICIENTS)[:, 0]
    return first.reshape(-1, COEFFICIENTS).T.astype(np.float64)


def log_likelihoods(pcm: Pcm, warps: Sequence[float], gaussians: Gaussians) -> npt.NDArray[np.float64]:
    """Of a sentence, by the warp, the mean of its loud frames: shape (warps,), or (0,) where none is loud
    or noise fills its pauses. The Jacobian of the warp is left out, as is usual."""
    spectra = power_spectra(pcm, every=EVERY_FRAMES)
    levels = spectra.sum(axis=1)
    if levels.max(initial=0.0) < levels.min(initial=np.inf) * 10 ** (PAUSE_DEPTH_DB / 10):
        # Noise is no voice, and looks like a short vocal tract. Measured 23 dB above white noise: with warps
        # natural voices had 51 % of their words wrong, without 44 %, and moved ones 63 and 64 %.
        return np.zeros(0)
    means = []
    for warp in warps:
        coefficients = cepstra(spectra, warp, rounded=False)
        loud = coefficients[coefficients[:, 0] > LOUD_C0]
        if not len(loud):  # how many are loud depends a little on the filters
            return np.zeros(0)
        prior = PRIOR_FRAMES / EVERY_FRAMES
        mean = (PRIOR * prior + loud.sum(axis=0)) / (prior + len(loud))
        means.append(gaussians.log_likelihood(loud - mean) / len(loud))
    return np.array(means)
