"""Windows for the encoder: laid inside runs of speech, at one level, and read back for each word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from transcription.analysis.diarization.embedder import WINDOW_FRAMES, Embeddings, Spans, unit_length
from transcription.analysis.diarization.mel import FRAME_HOP, FRAMES_PER_S, Mel, mel_spectrogram
from transcription.analysis.diarization.regions import Unit
from transcription.engines.base import Samples

HOP_FRAMES = 40  # 0.4 s between windows: a word in the midst of speech lies in four of them
CLEAR_FRAMES = 100  # a window with less than 1 s of speech says too little to found a speaker on
LEVEL_DBFS = -30.0  # the level that the encoder was trained at (Resemblyzer, audio_norm_target_dBFS)

Labels = npt.NDArray[np.intp]
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Windows:
    """`spans`: (n, 2), first frame and end, both rising; `speech_s`: (n,), the seconds each stands for;
    `covering`: (units, 2), the windows [first, end) in which the middle of each unit lies."""

    spans: Spans
    speech_s: _Floats
    covering: Spans

    @property
    def clear(self) -> npt.NDArray[np.bool_]:
        """The windows that hold enough speech to tell a voice by, (n,)."""
        lengths = self.spans[:, 1] - self.spans[:, 0]
        enough: npt.NDArray[np.bool_] = lengths >= min(CLEAR_FRAMES, int(lengths.max()))
        return enough


def lay_windows(units: Sequence[Unit]) -> Windows:
    """Windows over each run of speech; a run shorter than a window gets one of its own length."""
    spans: list[tuple[int, int]] = []
    speech_s: list[float] = []
    for first, end in piece_spans(units):
        last = end - WINDOW_FRAMES
        starts = [*range(first, last, HOP_FRAMES), last] if last > first else [first]
        spans += [(start, min(start + WINDOW_FRAMES, end)) for start in starts]
        speech_s += [(end - first) / FRAMES_PER_S / len(starts)] * len(starts)
    edges = np.array(spans, np.intp)
    middles = np.array([(unit.start_s + unit.end_s) / 2 * FRAMES_PER_S for unit in units])
    covering = np.stack(
        [np.searchsorted(edges[:, 1], middles, "right"), np.searchsorted(edges[:, 0], middles, "right")],
        axis=1,
    )
    return Windows(edges, np.array(speech_s), covering)


def piece_spans(units: Sequence[Unit]) -> list[tuple[int, int]]:
    """First frame and end of each run of speech."""
    spans = []
    for _, group in groupby(units, key=lambda unit: unit.piece):
        members = list(group)
        first = int(members[0].start_s * FRAMES_PER_S)
        end = int(np.ceil(max(unit.end_s for unit in members) * FRAMES_PER_S))
        spans.append((first, max(end, first + 1)))
    return spans


def level_features(samples: Samples, units: Sequence[Unit]) -> Mel:
    """The recording's mel spectrogram with every run of speech brought to LEVEL_DBFS, so that how loud a
    voice is does not pass for who it is."""
    mel = mel_spectrogram(samples)
    for first, end in piece_spans(units):
        power = float(np.mean(np.square(samples[first * FRAME_HOP : end * FRAME_HOP], dtype=np.float64)))
        if power > 0:
            mel[first:end] *= 10 ** (LEVEL_DBFS / 10) / power
    return mel


def unit_means(values: npt.NDArray[np.float32], windows: Windows) -> _Floats:
    """The mean of the windows over each unit: (windows, k) → (units, k)."""
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    first, end = windows.covering.T
    means: _Floats = (sums[end] - sums[first]) / (end - first)[:, None]
    return means


def recentred(centroids: Embeddings, labels: Labels, embeddings: Embeddings, windows: Windows) -> Embeddings:
    """Each speaker's centroid from the clear windows that lie over that speaker's units alone; a speaker
    without one keeps the centroid there was. `labels`: (units,)."""
    one_hot = np.eye(len(centroids))[labels]
    held = np.zeros((len(embeddings) + 1, len(centroids)))
    np.add.at(held, windows.covering[:, 0], one_hot)
    np.subtract.at(held, windows.covering[:, 1], one_hot)
    speakers_in = np.cumsum(held, axis=0)[:-1] > 0.5
    pure = (speakers_in.sum(axis=1) == 1) & windows.clear
    weights = speakers_in[pure] * windows.speech_s[pure, None]
    sums = (weights.T @ embeddings[pure]).astype(np.float32)
    found = sums.any(axis=1, keepdims=True)
    return np.where(found, unit_length(sums), centroids)
