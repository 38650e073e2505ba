"""Silero VAD: how likely each 32 ms of a stream is speech.

The model is Silero v6, which lies as an ONNX file in faster-whisper's wheel. A frame is 512 samples at
16 kHz, given with the 64 samples before it; a recurrent state (h, c) is carried from frame to frame, so that
a stream is never run over twice. Source: https://github.com/snakers4/silero-vad

One `SileroVad` is shared by a process (the weights, one thread); each stream has a `VadStream` of its own.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from transcription.engines.base import Samples
from transcription.errors import EngineUnavailable

FRAME_SAMPLES = 512
"""32 ms at 16 kHz: the only frame that the model takes."""
CONTEXT_SAMPLES = 64
_STATE_SHAPE = (1, 1, 128)
_FRAMES_A_RUN = 256
"""Bounds what one run of the model holds when a long recording is pushed at once (8 s; 0.6 MB of input)."""

Probabilities = npt.NDArray[np.float32]


def silero_path() -> Path:
    """Where the model lies. faster-whisper itself is not imported: it would load CTranslate2.

    Raises EngineUnavailable where the wheel or the file is missing.
    """
    spec = importlib.util.find_spec("faster_whisper")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(folder, "assets").glob("silero_vad_v6*.onnx")):
            return path
    raise EngineUnavailable(
        "silero",
        "the VAD model is missing",
        hint="Install faster-whisper 1.2 or newer: its wheel carries it.",
    )


class SileroVad:
    """The model, loaded once. Its session may be run from several threads at the same time."""

    def __init__(self, path: Path | None = None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # One thread: a frame takes 0.1 ms, and a second thread's wake-up costs more than it gains.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            str(path or silero_path()), sess_options=options, providers=["CPUExecutionProvider"]
        )

    def stream(self) -> VadStream:
        return VadStream(self)

    def run(self, frames: Samples, h: Samples, c: Samples) -> tuple[Probabilities, Samples, Samples]:
        """`frames`: (n, 64 + 512), successive. Gives n probabilities and the states after the last frame."""
        probabilities, h, c = self._session.run(None, {"input": frames, "h": h, "c": c})
        return probabilities.reshape(-1), h, c


class VadStream:
    """One stream's state: the recurrent state, the context, and the samples short of a whole frame."""

    def __init__(self, model: SileroVad) -> None:
        self._model = model
        self._h: Samples = np.zeros(_STATE_SHAPE, np.float32)
        self._c: Samples = np.zeros(_STATE_SHAPE, np.float32)
        # The context comes first, then what has not made up a frame yet; silence precedes the stream.
        self._waiting: Samples = np.zeros(CONTEXT_SAMPLES, np.float32)

    def push(self, samples: Samples) -> Probabilities:
        """Take samples of any length; give one probability per frame that they complete.

        The answer does not depend on how the stream is cut into pushes.
        """
        self._waiting = np.concatenate((self._waiting, samples), dtype=np.float32)
        answers: Sequence[Probabilities] = [
            self._run(min(_FRAMES_A_RUN, left)) for left in range(self._whole_frames(), 0, -_FRAMES_A_RUN)
        ]
        return np.concatenate(answers) if answers else np.zeros(0, np.float32)

    def _whole_frames(self) -> int:
        return (len(self._waiting) - CONTEXT_SAMPLES) // FRAME_SAMPLES

    def _run(self, count: int) -> Probabilities:
        length = CONTEXT_SAMPLES + count * FRAME_SAMPLES
        windows = np.lib.stride_tricks.sliding_window_view(
            self._waiting[:length], CONTEXT_SAMPLES + FRAME_SAMPLES
        )[::FRAME_SAMPLES]
        probabilities, self._h, self._c = self._model.run(np.ascontiguousarray(windows), self._h, self._c)
        self._waiting = self._waiting[length - CONTEXT_SAMPLES :].copy()
        return probabilities
