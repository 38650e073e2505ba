"""Silero VAD: how likely each 32 ms of a stream is speech.

The model is Silero v6, which lies as an ONNX file in faster-whisper's wheel. A frame is 512 samples at
16 kHz, given with the 64 samples before it; a recurrent state (h, c) is carried from frame to frame, so that
a stream is never run over twice. Source: https://github.com/snakers4/silero-vad

One `SileroVad` is shared by a process (the weights, one thread); each stream has a `VadStream` of its own.
What several streams have to say at the same time is judged side by side (`push_all`).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from transcription.audio.vad_batch import along_batch
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
        self._path = path or silero_path()
        self._session = _load(str(self._path))
        model = along_batch(self._path)
        self._side_by_side = None if model is None else _load(model)

    def stream(self) -> VadStream:
        return VadStream(self)

    def push_all(self, pushes: Sequence[tuple[VadStream, Samples]]) -> list[Probabilities]:
        """As `push` of each stream, with one run for a frame of all of them. A stream is there once at
        most."""
        if len(pushes) == 1 or self._side_by_side is None:
            return [stream.push(samples) for stream, samples in pushes]
        streams = [stream for stream, _ in pushes]
        counts = [stream.hold(samples) for stream, samples in pushes]
        answers = [np.zeros(count, np.float32) for count in counts]
        for frame in range(max(counts)):
            taking = [index for index, count in enumerate(counts) if frame < count]
            feed = {
                "input": np.stack([streams[index].frame(frame) for index in taking]),
                "h": np.concatenate([streams[index].h for index in taking], axis=1),
                "c": np.concatenate([streams[index].c for index in taking], axis=1),
            }
            probabilities, h, c = self._side_by_side.run(None, feed)
            for place, index in enumerate(taking):
                answers[index][frame] = probabilities[place]
                streams[index].h = h[:, place : place + 1].copy()  # a view would hold all of them
                streams[index].c = c[:, place : place + 1].copy()
        for stream, count in zip(streams, counts, strict=True):
            stream.drop(count)
        return answers

    def run(self, frames: Samples, h: Samples, c: Samples) -> tuple[Probabilities, Samples, Samples]:
        """`frames`: (n, 64 + 512), successive. Gives n probabilities and the states after the last frame."""
        probabilities, h, c = self._session.run(None, {"input": frames, "h": h, "c": c})
        return probabilities.reshape(-1), h, c


class VadStream:
    """One stream's state: the recurrent state, the context, and the samples short of a whole frame."""

    def __init__(self, model: SileroVad) -> None:
        self._model = model
        self.h: Samples = np.zeros(_STATE_SHAPE, np.float32)
        self.c: Samples = np.zeros(_STATE_SHAPE, np.float32)
        # The context comes first, then what has not made up a frame yet; silence precedes the stream.
        self._waiting: Samples = np.zeros(CONTEXT_SAMPLES, np.float32)

    def push(self, samples: Samples) -> Probabilities:
        """Take samples of any length; give one probability per frame that they complete.

        The answer does not depend on how the stream is cut into pushes.
        """
        count = self.hold(samples)
        answers = [self._run(min(_FRAMES_A_RUN, left)) for left in range(count, 0, -_FRAMES_A_RUN)]
        return np.concatenate(answers) if answers else np.zeros(0, np.float32)

    def hold(self, samples: Samples) -> int:
        """Take samples without judging them; how many whole frames wait now."""
        self._waiting = np.concatenate((self._waiting, samples), dtype=np.float32)
        return (len(self._waiting) - CONTEXT_SAMPLES) // FRAME_SAMPLES

    def frame(self, index: int) -> Samples:
        """A whole frame that waits, with its context before it."""
        start = index * FRAME_SAMPLES
        return self._waiting[start : start + CONTEXT_SAMPLES + FRAME_SAMPLES]

    def drop(self, count: int) -> None:
        """Frames that have been judged."""
        self._waiting = self._waiting[count * FRAME_SAMPLES :].copy()

    def _run(self, count: int) -> Probabilities:
        frames = np.stack([self.frame(index) for index in range(count)])
        probabilities, self.h, self.c = self._model.run(frames, self.h, self.c)
        self.drop(count)
        return probabilities


def _load(model: str | bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # One thread: a frame takes 0.1 ms, and a second thread's wake-up costs more than it gains.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, sess_options=options, providers=["CPUExecutionProvider"])
