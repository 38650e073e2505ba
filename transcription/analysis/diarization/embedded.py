"""The embedded diarization engine: GE2E embeddings, clustering, turns that begin and end between words.

Needs NumPy, SciPy and the weights that a wheel carries (see weights.py); no torch. One speaker at a time:
where two speak at once, the louder has the word.
"""

from __future__ import annotations

from collections.abc import Sequence

from transcription.analysis.base import Progress, SpeakerTurns, StageEngineConfig
from transcription.analysis.diarization.clustering import SAME_SPEAKER_SIMILARITY, speaker_centroids
from transcription.analysis.diarization.embedder import Embeddings, SpeakerEncoder
from transcription.analysis.diarization.regions import Unit, speech_units
from transcription.analysis.diarization.resegmentation import Labels, likeliest_speakers
from transcription.analysis.diarization.weights import load_weights
from transcription.analysis.diarization.windows import (
    Windows,
    lay_windows,
    level_features,
    recentred,
    unit_means,
)
from transcription.engines.base import Samples
from transcription.errors import EngineFailed
from transcription.models import Segment, Turn

TURN_PAUSE_S = 0.5  # the silence that ends an utterance also ends a turn
_ROUNDS = 3  # of paths and, between them, new centroids


class EmbeddedDiarization:
    """Options: `weights` (a checkpoint instead of the wheel's), `similarity` (the clustering threshold)."""

    name = "embedded"
    version = "1"

    def __init__(self, config: StageEngineConfig) -> None:
        self.model = config.model or "ge2e-resemblyzer-0.1.4"
        self._weights_path = str(config.options.get("weights", ""))
        self._similarity = float(config.options.get("similarity", SAME_SPEAKER_SIMILARITY))
        self._encoder: SpeakerEncoder | None = None

    def load(self) -> None:
        """Raises EngineUnavailable where the weights are missing."""
        if self._encoder is None:
            self._encoder = SpeakerEncoder(load_weights(self._weights_path))

    def diarize(
        self,
        samples: Samples,
        segments: Sequence[Segment],
        *,
        num_speakers: int | None = None,
        on_progress: Progress = lambda _: None,
    ) -> SpeakerTurns:
        """Turns over the words of `segments`, or over what is loud where there are none."""
        if self._encoder is None:
            raise EngineFailed(self.name, "load() was not called", retryable=False)
        if num_speakers is not None and num_speakers < 1:
            raise ValueError(f"num_speakers {num_speakers}: at least 1")
        units = speech_units(samples, segments)
        if not units:
            on_progress(1.0)
            return SpeakerTurns(())
        features = level_features(samples, units)
        windows = lay_windows(units)
        on_progress(0.1)
        embeddings = self._encoder.embed(features, windows.spans, lambda done: on_progress(0.1 + 0.8 * done))
        labels = self._speakers(units, windows, embeddings, num_speakers)
        on_progress(1.0)
        return SpeakerTurns(merge_turns(units, labels))

    def _speakers(
        self, units: Sequence[Unit], windows: Windows, embeddings: Embeddings, num_speakers: int | None
    ) -> Labels:
        clear = windows.clear
        centroids = speaker_centroids(
            embeddings[clear],
            windows.speech_s[clear],
            num_speakers=num_speakers,
            similarity=self._similarity,
        )
        labels = likeliest_speakers(units, unit_means(embeddings @ centroids.T, windows))
        for _ in range(_ROUNDS - 1):
            centroids = recentred(centroids, labels, embeddings, windows)
            labels = likeliest_speakers(units, unit_means(embeddings @ centroids.T, windows))
        return labels


def merge_turns(units: Sequence[Unit], labels: Labels) -> tuple[Turn, ...]:
    """Neighbouring units of one speaker as one turn, unless a pause of TURN_PAUSE_S lies between them.

    Speakers are called SPEAKER_00… in the order in which they first speak. Turns do not overlap.
    """
    names: dict[int, str] = {}
    turns: list[Turn] = []
    for unit, label in zip(units, labels.tolist(), strict=True):
        last = turns[-1] if turns else None
        if last and unit.end_s <= last.end_s:
            continue
        name = names.setdefault(label, f"SPEAKER_{len(names):02d}")
        if last and last.speaker_id == name and unit.start_s - last.end_s < TURN_PAUSE_S:
            turns[-1] = Turn(name, last.start_s, unit.end_s)
        else:
            turns.append(Turn(name, max(unit.start_s, last.end_s) if last else unit.start_s, unit.end_s))
    return tuple(turns)
