"""Who speaks, utterance by utterance, while the talk goes on: provisional, as far as can be told so far."""

from __future__ import annotations

import importlib.util
from functools import cache

import numpy as np
import numpy.typing as npt

from transcription.analysis.diarization.clustering import MAX_SPEAKERS, SAME_SPEAKER_SIMILARITY
from transcription.analysis.diarization.embedder import WINDOW_FRAMES, SpeakerEncoder, unit_length
from transcription.analysis.diarization.mel import FRAMES_PER_S
from transcription.analysis.diarization.regions import Unit
from transcription.analysis.diarization.weights import CARRIER, load_weights
from transcription.analysis.diarization.windows import level_features
from transcription.engines.base import SAMPLE_RATE_HZ, Samples

HOP_FRAMES = WINDOW_FRAMES // 2
FOUNDS_S = 1.5
"""Speech that a new voice is founded on, about a window of the encoder. Less goes to the likeliest one."""

Voice = npt.NDArray[np.float32]


def can_embed() -> bool:
    """Whether the encoder's weights are installed; nothing is loaded."""
    return importlib.util.find_spec(CARRIER) is not None


def voice_of(samples: Samples) -> Voice | None:
    """The voice of an utterance, 16 kHz (n,), as a unit vector; None where nothing can be told from it.

    Windows of 1.6 s, half of each in the next, and their mean. Raises EngineUnavailable without weights.
    """
    duration_s = len(samples) / SAMPLE_RATE_HZ
    if duration_s < 0.1:
        return None
    mel = level_features(samples, [Unit(0.0, duration_s, 0)])
    last = int(duration_s * FRAMES_PER_S) - WINDOW_FRAMES
    starts = [*range(0, last, HOP_FRAMES), last] if last > 0 else [0]
    spans = np.array([(start, min(start + WINDOW_FRAMES, len(mel))) for start in starts], np.intp)
    mean: Voice = unit_length(_encoder().embed(mel, spans).mean(axis=0)[None, :])[0]
    return mean if mean.any() else None


class OnlineSpeakers:
    """The voices of one session, each the mean of its utterances. Labels go from SPEAKER_00 in order of first
    speech and never change their meaning; `known`: how many labels another process has given already."""

    def __init__(self, *, known: int = 0) -> None:
        self._known = known
        self._sums: list[npt.NDArray[np.float64]] = []

    def label(self, voice: Voice, speech_s: float) -> str:
        """Whose utterance this is. It counts for its speaker by its length."""
        similar = [float(voice @ centre / np.linalg.norm(centre)) for centre in self._sums]
        best = int(np.argmax(similar)) if similar else -1
        sure = best >= 0 and similar[best] >= SAME_SPEAKER_SIMILARITY
        may_found = speech_s >= FOUNDS_S and len(self._sums) < MAX_SPEAKERS
        if best < 0 or (not sure and may_found):
            self._sums.append(voice.astype(np.float64) * speech_s)
            best = len(self._sums) - 1
        elif sure:
            self._sums[best] = self._sums[best] + voice * speech_s
        return f"SPEAKER_{self._known + best:02d}"


@cache
def _encoder() -> SpeakerEncoder:
    return SpeakerEncoder(load_weights(""))
