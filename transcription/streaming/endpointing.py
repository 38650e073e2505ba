"""Where speech starts and ends, from one speech probability per 32 ms frame.

Two thresholds (hysteresis), a minimum of speech before anything opens and a minimum of silence before it
closes, as Silero's own iterator has them, but fed from outside and asked while it runs. The energy gate comes
first: a frame in which nothing rises above -55 dBFS is silence whatever the model says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from transcription.audio.vad import FRAME_SAMPLES
from transcription.engines.base import SAMPLE_RATE_HZ, Samples
from transcription.streaming.config import StreamConfig

HYSTERESIS = 0.15
"""An utterance ends this far below the threshold that starts one (Silero's own default)."""
QUIET_PEAK = 10 ** (-55 / 20)
"""-55 dBFS: below the noise floor of a telephone line, far below speech meant for a microphone."""


def is_quiet(samples: Samples) -> bool:
    """True where no sample rises above the energy gate."""
    return not len(samples) or float(np.abs(samples).max()) < QUIET_PEAK


@dataclass(frozen=True, slots=True)
class SpeechStart:
    """Speech began at `sample`; noticed a few frames later."""

    sample: int


@dataclass(frozen=True, slots=True)
class SpeechEnd:
    """Speech ended at `sample`; known once the silence had lasted."""

    sample: int


class Endpointer:
    """Speech or not, frame by frame. `judged`: samples that have been judged so far."""

    def __init__(self, judged: int = 0) -> None:
        self.judged = judged
        self.speaking = False
        self._run_start: int | None = None  # where a run of likely speech began, while nothing is open
        self._silence_start: int | None = None  # where the silence began, while something is open

    @property
    def silence_start(self) -> int | None:
        """Where the silence that is running began; None while speech goes on or nothing is open."""
        return self._silence_start if self.speaking else None

    @property
    def run_start(self) -> int | None:
        """Where a run of likely speech began that is still too short to open anything."""
        return None if self.speaking else self._run_start

    def push(self, probability: float, config: StreamConfig) -> SpeechStart | SpeechEnd | None:
        """Judge one frame."""
        frame_start = self.judged
        self.judged += FRAME_SAMPLES
        likely = probability >= config.vad_threshold
        unlikely = probability < max(config.vad_threshold - HYSTERESIS, 0.01)
        if self.speaking:
            return self._while_speaking(frame_start, config, likely=likely, unlikely=unlikely)
        return self._while_silent(frame_start, config, likely=likely, unlikely=unlikely)

    def stop(self) -> None:
        """Forget that anything was open: a flush, a clear or the end of the stream closed it."""
        self.speaking = False
        self._run_start = self._silence_start = None

    def _while_silent(
        self, frame_start: int, config: StreamConfig, *, likely: bool, unlikely: bool
    ) -> SpeechStart | None:
        if unlikely or (not likely and self._run_start is None):
            self._run_start = None
            return None
        if self._run_start is None:
            self._run_start = frame_start
        if self.judged - self._run_start < config.min_speech_ms * SAMPLE_RATE_HZ // 1000:
            return None
        start, self._run_start = self._run_start, None
        self.speaking, self._silence_start = True, None
        return SpeechStart(start)

    def _while_speaking(
        self, frame_start: int, config: StreamConfig, *, likely: bool, unlikely: bool
    ) -> SpeechEnd | None:
        if likely:
            self._silence_start = None
        if not unlikely:
            return None
        if self._silence_start is None:
            self._silence_start = frame_start
        if self.judged - self._silence_start < config.min_silence_duration_ms * SAMPLE_RATE_HZ // 1000:
            return None
        end = self._silence_start
        self.stop()
        return SpeechEnd(end)
