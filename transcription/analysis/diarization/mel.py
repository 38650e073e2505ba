"""The features that the GE2E encoder was trained on: power mel spectrograms, no logarithm.

The same figures as librosa.feature.melspectrogram gives with its defaults (Hann window, centred frames with
reflected edges, power 2, Slaney's mel scale and area norm) for 25 ms windows every 10 ms and 40 bands.
Slaney's scale: M. Slaney, Auditory Toolbox (1998): linear below 1 kHz, logarithmic above.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from transcription.engines.base import SAMPLE_RATE_HZ, Samples

FRAME_HOP = 160  # 10 ms
WINDOW = 400  # 25 ms
BANDS = 40
FRAMES_PER_S = SAMPLE_RATE_HZ // FRAME_HOP

_LINEAR_HZ_PER_MEL = 200.0 / 3
_LOG_FROM_HZ = 1000.0
_LOG_FROM_MEL = _LOG_FROM_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0  # 27 bands between 1 kHz and 6.4 kHz
_BLOCK_FRAMES = 6_000  # a minute at a time, so that an hour's spectra are never in memory at once

Mel = npt.NDArray[np.float32]
_Floats = npt.NDArray[np.float64]


def mel_to_hz(mel: _Floats) -> _Floats:
    """Slaney's scale, back to Hz."""
    linear = mel * _LINEAR_HZ_PER_MEL
    hz: _Floats = np.where(
        mel < _LOG_FROM_MEL, linear, _LOG_FROM_HZ * np.exp(_LOG_STEP * (mel - _LOG_FROM_MEL))
    )
    return hz


def hz_to_mel(hz: float) -> float:
    """Slaney's scale."""
    if hz < _LOG_FROM_HZ:
        return hz / _LINEAR_HZ_PER_MEL
    return float(_LOG_FROM_MEL + np.log(hz / _LOG_FROM_HZ) / _LOG_STEP)


@cache
def filterbank() -> Mel:
    """Triangles of equal area, (WINDOW // 2 + 1, BANDS)."""
    edges = mel_to_hz(np.linspace(0.0, hz_to_mel(SAMPLE_RATE_HZ / 2), BANDS + 2))
    bins = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE_HZ)[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins - low) / (centre - low)
    falling = (high - bins) / (high - centre)
    triangles = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (high - low))
    return triangles.astype(np.float32)


def mel_spectrogram(samples: Samples) -> Mel:
    """Power mel spectrogram of 16 kHz samples (n,): float32 (1 + n // FRAME_HOP, BANDS); frame i is centred
    on sample i × FRAME_HOP. Fewer samples than half a window are padded with zeros instead of mirrored.
    """
    half = WINDOW // 2
    if len(samples) > half:
        padded = np.pad(samples, half, mode="reflect")
    else:
        padded = np.pad(samples, (half, half + WINDOW - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::FRAME_HOP][
        : 1 + len(samples) // FRAME_HOP
    ]
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
    bank = filterbank()
    mel = np.empty((len(frames), BANDS), np.float32)
    for start in range(0, len(frames), _BLOCK_FRAMES):
        spectra = np.fft.rfft(frames[start : start + _BLOCK_FRAMES] * hann, axis=1)
        power = (spectra.real**2 + spectra.imag**2).astype(np.float32)
        mel[start : start + _BLOCK_FRAMES] = power @ bank
    return mel
