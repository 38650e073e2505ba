"""Emotion by a classifier of transformers that hears (wav2vec 2.0 and its like)."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Any

from transcription.analysis.base import Progress, SegmentEmotion, StageEngineConfig
from transcription.analysis.pretrained.loading import Pretrained, load_pretrained, run
from transcription.analysis.pretrained.torch_imports import import_torch
from transcription.engines.base import SAMPLE_RATE_HZ, Samples
from transcription.errors import EngineFailed, EngineUnavailable
from transcription.models import Segment

NAME = "transformers"
DEFAULT_MODEL = "superb/wav2vec2-base-superb-er"
SHORTEST_S = 0.5
"""Of a segment of which anything can be said: shorter than the context of one decision of such a model."""
WINDOW_S = 15.0
"""A longer segment is heard in windows and its probabilities averaged by their length: memory grows with the
square of the length."""
LABELS = {"neu": "neutral", "hap": "happy", "ang": "angry", "sad": "sad"}  # IEMOCAP's, as superb writes them


class TransformersEmotion:
    """EmotionEngine. Options: `device`. Valence and arousal are not what a classifier of names measures:
    None, except from a model that has outputs called so."""

    name = NAME

    def __init__(self, config: StageEngineConfig) -> None:
        self.model = config.model or DEFAULT_MODEL
        self.version = ""
        self._config = config
        self._loaded: Pretrained | None = None

    def load(self) -> None:
        """Raises EngineUnavailable."""
        if self._loaded is not None:
            return
        loaded = load_pretrained(
            NAME,
            self._config,
            stage="emotion",
            model=self.model,
            auto_model="AutoModelForAudioClassification",
            auto_reader="AutoFeatureExtractor",
        )
        if loaded.reader.sampling_rate != SAMPLE_RATE_HZ:
            raise EngineUnavailable(
                NAME,
                f"{self.model} hears {loaded.reader.sampling_rate} Hz",
                hint=f"Choose one for {SAMPLE_RATE_HZ} Hz.",
            )
        self._loaded = loaded
        self.version = importlib.metadata.version("transformers")

    def recognise(
        self, samples: Samples, segments: Sequence[Segment], *, on_progress: Progress = lambda _: None
    ) -> tuple[SegmentEmotion, ...]:
        if self._loaded is None:
            raise EngineFailed(NAME, "load() was not called", retryable=False)
        found = []
        for index, segment in enumerate(segments, start=1):
            begin, end = (int(at_s * SAMPLE_RATE_HZ) for at_s in (segment.start_s, segment.end_s))
            heard = samples[begin:end]
            if len(heard) >= SHORTEST_S * SAMPLE_RATE_HZ:
                found.append(_emotion(segment.id, _probabilities(self._loaded, heard)))
            on_progress(index / len(segments))
        return tuple(found)


def _probabilities(loaded: Pretrained, samples: Samples) -> Mapping[str, float]:
    torch = import_torch(NAME)
    step = int(WINDOW_S * SAMPLE_RATE_HZ)
    windows = [samples[begin : begin + step] for begin in range(0, len(samples), step)]
    if len(windows) > 1 and len(windows[-1]) < SHORTEST_S * SAMPLE_RATE_HZ:
        windows.pop()
    total: Any = 0.0
    for window in windows:
        inputs = loaded.reader(window, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
        inputs = {name: tensor.to(loaded.device) for name, tensor in inputs.items()}
        logits = run(NAME, loaded.model, **inputs).logits[0].float()
        total = total + torch.softmax(logits, dim=-1) * len(window)
    shares = (total / sum(len(window) for window in windows)).cpu().tolist()
    return {str(loaded.model.config.id2label[index]): share for index, share in enumerate(shares)}


def _emotion(segment_id: int, probabilities: Mapping[str, float]) -> SegmentEmotion:
    best = max(probabilities, key=lambda label: probabilities[label])
    return SegmentEmotion(
        segment_id, LABELS.get(best.lower(), best.lower()), None, None, round(probabilities[best], 4)
    )
