"""Whisper's encoder over windows of several sessions at once, and what it made of one kept for its final.

A window is padded with zeros after its features, as faster-whisper pads: to 30 s, or, where that is asked
for, to a shorter length. A final is often the very window of the last partial, whose encoding is then at
hand: with small models that is half of the final's work.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from transcription.engines.faster_whisper_features import FRAMES_PER_S, Features

FULL_FRAMES = 30 * FRAMES_PER_S
_SHORTEST_FRAMES = 10 * FRAMES_PER_S
_SPARE_FRAMES = 2 * FRAMES_PER_S
"""Short windows: at least 10 s, and 2 s more than the audio. Stock models go astray on windows cut to the
length of their audio; with so much padding no loss was seen on short clips (transcribe.cpp, request 149)."""
_STEP_FRAMES = 5 * FRAMES_PER_S
"""Lengths come in steps, so that windows of several sessions find others to be batched with, and a window's
answer does not depend on which."""
KEPT_ENCODINGS = 16
"""Of 2.3 MB each with the model tiny, 7.7 MB with large."""


@dataclass(frozen=True, slots=True)
class Padded:
    """Features of a window and the length to pad them to. `keep`: its encoding may be wanted again."""

    key: str
    features: Features
    frames: int
    keep: bool


def padded_frames(content_frames: int, *, short: bool) -> int:
    """Frames to pad a window of `content_frames` to."""
    if not short:
        return FULL_FRAMES
    wanted = max(_SHORTEST_FRAMES, content_frames + _SPARE_FRAMES)
    return min(FULL_FRAMES, -(-wanted // _STEP_FRAMES) * _STEP_FRAMES)


class WindowEncoder:
    """`model`: a ctranslate2.models.Whisper. Not for several threads at a time."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._kept: OrderedDict[str, tuple[tuple[int, int], npt.NDArray[Any]]] = OrderedDict()
        self.windows_encoded = 0
        """So far; a window whose encoding was at hand does not count."""

    def encode(self, windows: Sequence[Padded]) -> Any:
        """The encoder's output (ctranslate2.StorageView), a row for each window; all of one padded length."""
        marks = [_mark(window) for window in windows]
        known = [self._known(window.key, mark) for window, mark in zip(windows, marks, strict=True)]
        new = [window for window, row in zip(windows, known, strict=True) if row is None]
        encoded = self._run(new) if new else None
        if len(new) == len(windows) and not any(window.keep for window in windows):
            return encoded
        fresh = iter(() if encoded is None else _array(encoded))
        rows = [next(fresh) if row is None else row for row in known]
        for window, mark, row in zip(windows, marks, rows, strict=True):
            if window.keep:
                self._keep(window.key, mark, row)
        return encoded if len(new) == len(windows) else _view(np.stack(rows))

    def forget(self, key: str) -> None:
        self._kept.pop(key, None)

    def _run(self, windows: Sequence[Padded]) -> Any:
        mels, frames = windows[0].features.shape[0], windows[0].frames
        batch = np.zeros((len(windows), mels, frames), np.float32)
        for row, window in zip(batch, windows, strict=True):
            content = window.features[:, :frames]
            row[:, : content.shape[1]] = content
        self.windows_encoded += len(windows)
        return self._model.encode(_view(batch))

    def _known(self, key: str, mark: tuple[int, int]) -> npt.NDArray[Any] | None:
        known = self._kept.get(key)
        return known[1] if known and known[0] == mark else None

    def _keep(self, key: str, mark: tuple[int, int], row: npt.NDArray[Any]) -> None:
        self._kept[key] = (mark, np.array(row))
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT_ENCODINGS:
            self._kept.popitem(last=False)


def rows(encoded: Any, wanted: Sequence[int]) -> Any:
    """Some rows of an encoder's output."""
    if list(wanted) == list(range(encoded.shape[0])):
        return encoded
    return _view(_array(encoded)[list(wanted)])


def _mark(window: Padded) -> tuple[int, int]:
    """By which a window is known again."""
    return window.frames, zlib.crc32(np.ascontiguousarray(window.features).data)


def _array(encoded: Any) -> npt.NDArray[Any]:
    import ctranslate2

    if encoded.device != "cpu":
        encoded = encoded.to_device(ctranslate2.Device.cpu)
    if encoded.dtype == ctranslate2.DataType.bfloat16:  # NumPy has none
        encoded = encoded.to(ctranslate2.DataType.float32)
    return np.asarray(encoded)


def _view(array: npt.NDArray[Any]) -> Any:
    import ctranslate2

    return ctranslate2.StorageView.from_array(np.ascontiguousarray(array))
