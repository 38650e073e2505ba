"""Classification by a model of natural language inference: does the talk entail the label's description?

Every window of the talk is read against every label; what one window shows clearly counts, so a label's score
is its best window's. Those scores are probabilities as the model gives them, not calibrated ones.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from typing import Any

from transcription.analysis.base import Classification, Progress, StageEngineConfig, Talk, TaxonomyLabel
from transcription.analysis.pretrained.loading import load_pretrained, run
from transcription.analysis.pretrained.torch_imports import import_transformers
from transcription.analysis.pretrained.windows import (
    count_tokens,
    lines_in_windows,
    max_tokens_of,
    spoken_lines,
)
from transcription.errors import EngineFailed

NAME = "transformers"
DEFAULT_MODEL = "MoritzLaurer/deberta-v3-base-zeroshot-v2.0"
TEMPLATES = {
    "category": "The conversation is about {}.",
    "intervention": "What was done: {}.",
    "priority": "How urgent it is: {}.",
}
_SPECIAL_TOKENS = 8  # four at most in the family, and as much for what joining lines may cost
_FITS = 0.5
"""Under this a label is more contradicted than entailed by every window, and the field stays empty."""


class TransformersClassification:
    """ClassificationEngine. Options: `device`, `batch_size`."""

    name = NAME

    def __init__(self, config: StageEngineConfig) -> None:
        self.model = config.model or DEFAULT_MODEL
        self.version = ""
        self._config = config
        self._batch = int(config.options.get("batch_size", 8))
        self._entails: Any = None

    def load(self) -> None:
        """Raises EngineUnavailable."""
        if self._entails is not None:
            return
        loaded = load_pretrained(
            NAME,
            self._config,
            stage="classification",
            model=self.model,
            auto_model="AutoModelForSequenceClassification",
        )
        loaded.reader.model_max_length = max_tokens_of(loaded.reader, loaded.model)
        self._entails = import_transformers(NAME).pipeline(
            "zero-shot-classification", model=loaded.model, tokenizer=loaded.reader, device=loaded.device
        )
        self.version = importlib.metadata.version("transformers")

    def classify(
        self, talk: Talk, labels: Sequence[TaxonomyLabel], *, on_progress: Progress = lambda _: None
    ) -> Classification:
        if self._entails is None:
            raise EngineFailed(NAME, "load() was not called", retryable=False)
        lines = spoken_lines(talk.segments)
        breakdown: dict[str, float] = {}
        chosen: dict[str, str | None] = {"main_category": None, "sub_category": None, "sub_category_2": None}
        parent: str | None = None
        for step, level in enumerate(chosen, start=1):
            siblings = [label for label in labels if label.kind == "category" and label.parent == parent]
            best = self._best(lines, siblings)
            on_progress(step / 5)
            if best is None:
                break
            (parent, breakdown[level]) = best
            chosen[level] = parent
        others: dict[str, str | None] = {}
        for kind in ("intervention", "priority"):
            best = self._best(lines, [label for label in labels if label.kind == kind])
            others[kind] = best[0] if best else None
            if best:
                breakdown[kind] = best[1]
        on_progress(1.0)
        return Classification(
            **chosen,
            **others,
            confidence=breakdown.get("main_category"),
            confidence_breakdown=breakdown,
        )

    def _best(self, lines: Sequence[str], labels: Sequence[TaxonomyLabel]) -> tuple[str, float] | None:
        if not labels or not any(line.strip() for line in lines):
            return None
        asked = {_said(label): label.name for label in labels}
        template = TEMPLATES[labels[0].kind]
        tokenizer = self._entails.tokenizer
        longest = max(count_tokens(tokenizer, template.format(said)) for said in asked)
        room = tokenizer.model_max_length - longest - _SPECIAL_TOKENS
        if room < 1:
            raise EngineFailed(
                NAME, "a description of the taxonomy is longer than the model reads", retryable=False
            )
        windows = [
            window.text for window in lines_in_windows(lines, tokenizer, max_tokens=room, overlap=True)
        ]
        answers = run(
            NAME,
            self._entails,
            windows,
            candidate_labels=list(asked),
            hypothesis_template=template,
            multi_label=True,
            batch_size=self._batch,
        )
        scores = dict.fromkeys(asked.values(), 0.0)
        for answer in answers if isinstance(answers, list) else [answers]:
            for said, score in zip(answer["labels"], answer["scores"], strict=True):
                scores[asked[said]] = max(scores[asked[said]], float(score))
        best = max(scores, key=lambda name: scores[name])
        return (best, round(scores[best], 4)) if scores[best] >= _FITS else None


def _said(label: TaxonomyLabel) -> str:
    return f"{label.name}: {label.description}".rstrip(": .") if label.description else label.name
