"""Whisper's log-mel spectrogram of a window that grows: every frame is computed once.

The frames are those of faster-whisper's own extractor (Radford et al. 2022, section 2.2): 400-sample Hann
windows every 160 samples, mel power on a log10 scale, all of it clamped to 8 below the loudest frame of the
window. The clamp depends on the whole window, so what is kept of a frame is its value before the clamp.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from transcription.engines.base import Samples

Features = npt.NDArray[np.float32]
"""Shape (mels, frames)."""

FFT_SAMPLES, HOP_SAMPLES = 400, 160
FRAMES_PER_S = 100
DYNAMIC_RANGE = 8.0
"""Of log10 power, below the loudest."""
_FLOOR = 1e-10
_EDGE = FFT_SAMPLES // 2
KEPT_UTTERANCES = 64
"""Open utterances whose frames are kept: of 15 s each with 80 mels, about 30 MB. An utterance more than
that costs time and no words: its frames are computed again."""


@dataclass(slots=True)
class _Kept:
    """The frames of an utterance that no further sample can change. `log_mel`: shape (room, mels)."""

    log_mel: Features
    frames: int
    samples: int
    checksum: int


class LogMel:
    """Features of windows, with what was computed for an utterance kept until it is over.

    `filters`: shape (mels, 201), of the loaded model's extractor. Not for several threads at a time.
    """

    def __init__(self, filters: Features) -> None:
        self._filters = filters
        self._window = np.hanning(FFT_SAMPLES + 1)[:-1].astype(np.float32)
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self.frames_computed = 0
        """Of all windows so far."""

    def features(self, samples: Samples, key: str) -> Features:
        """The whole window's features, a column for every 10 ms that are full; equal to computing them anew.

        The samples are trusted to be an earlier window's and more only where their checksum says so.
        """
        count = len(samples) // HOP_SAMPLES
        if not count:
            return np.zeros((len(self._filters), 0), np.float32)
        kept = self._take(key, samples)
        # Of the frames centred within the audio those are settled whose right half lies within it too.
        settled = max(kept.frames, (len(samples) - _EDGE) // HOP_SAMPLES + 1 if len(samples) > _EDGE else 0)
        if settled > kept.frames:
            kept.log_mel = _room(kept.log_mel, settled)
            kept.log_mel[kept.frames : settled] = self._compute(samples, kept.frames, settled)
            kept.frames, kept.samples = settled, len(samples)
            kept.checksum = zlib.crc32(np.ascontiguousarray(samples).data)
        # One frame beyond the content counts for the loudest, as in the extractor.
        tail = self._compute(samples, settled, count + 1)
        log_mel = np.concatenate([kept.log_mel[:settled], tail])
        loudest = log_mel[: count + 1].max()
        clamped = np.maximum(log_mel[:count], loudest - DYNAMIC_RANGE)
        return np.ascontiguousarray(((clamped + 4.0) / 4.0).T)

    def forget(self, key: str) -> None:
        self._kept.pop(key, None)

    def _take(self, key: str, samples: Samples) -> _Kept:
        kept = self._kept.pop(key, None)
        if (
            kept is None
            or len(samples) < kept.samples
            or zlib.crc32(np.ascontiguousarray(samples[: kept.samples]).data) != kept.checksum
        ):
            kept = _Kept(np.zeros((0, len(self._filters)), np.float32), 0, 0, 0)
        self._kept[key] = kept
        if len(self._kept) > KEPT_UTTERANCES:
            self._kept.popitem(last=False)
        return kept

    def _compute(self, samples: Samples, first: int, end: int) -> Features:
        """Log10 mel power of frames `first` up to `end`, shape (end - first, mels)."""
        if end <= first:
            return np.zeros((0, len(self._filters)), np.float32)
        self.frames_computed += end - first
        # The extractor pads with one hop of zeros, and mirrors what is missing at both edges.
        begin, stop = first * HOP_SAMPLES - _EDGE, (end - 1) * HOP_SAMPLES + _EDGE
        piece = samples[max(0, begin) : min(len(samples), stop)]
        zeros = min(HOP_SAMPLES, max(0, stop - len(samples)))
        piece = np.pad(piece, (0, zeros))
        piece = np.pad(piece, (max(0, -begin), max(0, stop - len(samples) - zeros)), mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(piece, FFT_SAMPLES)[::HOP_SAMPLES]
        power = np.abs(np.fft.rfft(frames * self._window).astype(np.complex64)) ** 2
        log_mel: Features = np.log10(np.maximum(power @ self._filters.T, _FLOOR))
        return log_mel


def _room(log_mel: Features, frames: int) -> Features:
    """Space for so many frames, doubled so that growth costs no more than what is new."""
    if frames <= len(log_mel):
        return log_mel
    larger = np.zeros((max(frames, 2 * len(log_mel)), log_mel.shape[1]), np.float32)
    larger[: len(log_mel)] = log_mel
    return larger
