"""The GE2E speaker encoder in NumPy: three LSTM layers, a projection, ReLU, unit length.

Wan, Wang, Papir, Lopez Moreno: Generalized End-to-End Loss for Speaker Verification (arXiv 1710.10467);
with the ReLU of the Resemblyzer weights. Windows go through the layers side by side, one matrix product a
time step, so that the cost of an hour is that of a few thousand large products.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from transcription.analysis.diarization.mel import Mel
from transcription.analysis.diarization.weights import EncoderWeights, LstmLayer

WINDOW_FRAMES = 160  # 1.6 s, the length that the encoder was trained on
BATCH = 128  # windows at a time: large products in about 100 MB

Embeddings = npt.NDArray[np.float32]
Spans = npt.NDArray[np.intp]
_Array = npt.NDArray[np.float32]


class SpeakerEncoder:
    """Windows of a mel spectrogram in, embeddings of unit length out."""

    def __init__(self, weights: EncoderWeights) -> None:
        self._weights = weights

    def embed(
        self, mel: Mel, spans: Spans, on_progress: Callable[[float], None] = lambda _: None
    ) -> Embeddings:
        """`mel`: (frames, BANDS); `spans`: (n, 2), first frame and end of each window → (n, embedding).

        A window that excites nothing gives zeros.
        """
        embeddings = np.empty((len(spans), self._weights.projection.shape[0]), np.float32)
        for start in range(0, len(spans), BATCH):
            windows = [fit_window(mel[first:end]) for first, end in spans[start : start + BATCH]]
            embeddings[start : start + BATCH] = self._embed_batch(np.stack(windows, axis=1))
            on_progress(min(1.0, (start + BATCH) / len(spans)))
        return embeddings

    def _embed_batch(self, sequence: _Array) -> Embeddings:
        *lower, top = self._weights.layers
        for layer in lower:
            sequence = _run_layer(sequence, layer)
        last = _run_layer(sequence, top)[-1]
        projected = np.maximum(last @ self._weights.projection.T + self._weights.projection_bias, 0.0)
        return unit_length(projected)


def unit_length(vectors: _Array) -> _Array:
    """Each row at length one; zeros stay zeros."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: _Array = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return scaled


def _run_layer(sequence: _Array, layer: LstmLayer) -> _Array:
    """One LSTM layer over (time, batch, inputs) → (time, batch, hidden), from a state of zeros."""
    steps, batch, inputs = sequence.shape
    hidden_size = layer.hidden_weights.shape[1]
    # What the inputs add to the gates needs no recurrence: one product for all the steps.
    driven = (sequence.reshape(-1, inputs) @ layer.input_weights.T + layer.bias).reshape(steps, batch, -1)
    recurrent = np.ascontiguousarray(layer.hidden_weights.T)
    output = np.empty((steps, batch, hidden_size), np.float32)
    hidden = np.zeros((batch, hidden_size), np.float32)
    cell = np.zeros((batch, hidden_size), np.float32)
    for step in range(steps):
        gates = driven[step]
        gates += hidden @ recurrent
        admit, forget = _sigmoid(gates[:, :hidden_size]), _sigmoid(gates[:, hidden_size : 2 * hidden_size])
        candidate = np.tanh(gates[:, 2 * hidden_size : 3 * hidden_size])
        cell = forget * cell + admit * candidate
        hidden = _sigmoid(gates[:, 3 * hidden_size :]) * np.tanh(cell)
        output[step] = hidden
    return output


def _sigmoid(x: _Array) -> _Array:
    result: _Array = 0.5 * np.tanh(0.5 * x) + 0.5  # never overflows
    return result


def fit_window(mel: Mel) -> Mel:
    """The frames as one window of WINDOW_FRAMES: cut off, or filled up with silence, as Resemblyzer does."""
    window = np.zeros((WINDOW_FRAMES, mel.shape[1]), np.float32)
    window[: len(mel)] = mel[:WINDOW_FRAMES]
    return window
