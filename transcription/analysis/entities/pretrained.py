"""Entities by a token classifier of transformers, and by rules for the kinds that it was not trained for.

Most such models know persons, organizations and places; dates, ages, phone numbers and the like come from the
embedded engine's rules, where the model has found nothing.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Sequence
from typing import Any

from transcription.analysis.base import Entity, Progress, StageEngineConfig, Talk
from transcription.analysis.entities.embedded import EmbeddedEntities
from transcription.analysis.pretrained.loading import Pretrained, batch_size_on, load_pretrained, run
from transcription.analysis.pretrained.torch_imports import import_transformers
from transcription.analysis.pretrained.windows import max_tokens_of
from transcription.errors import EngineFailed, EngineUnavailable

NAME = "transformers"
DEFAULT_MODEL = "dslim/bert-base-NER"
# Tag sets in use (CoNLL 2003, OntoNotes 5, WikiNEuRal) to the contract's labels; others go by their own name.
LABELS = {
    "PER": "PERSON",
    "PERS": "PERSON",
    "ORG": "ORGANIZATION",
    "LOC": "LOCATION",
    "GPE": "LOCATION",
    "FAC": "LOCATION",
    "PHONE": "PHONE_NUMBER",
}
_STRIDE_PART = 4  # a quarter of a window is read again by the next
BATCH_SIZE = {"cuda": 32, "cpu": 8}
"""Segments that the model reads at a time: the quickest of 1, 8 and 32 on each (docs/benchmarks.md)."""


class TransformersEntities:
    """EntityEngine. Options: `device`, `batch_size`, `phone_regions` (as the embedded engine)."""

    name = NAME

    def __init__(self, config: StageEngineConfig) -> None:
        self.model = config.model or DEFAULT_MODEL
        self.version = ""
        self._config = config
        self._batch = BATCH_SIZE["cpu"]
        self._rules = EmbeddedEntities(config)
        self._classify: Any = None

    def load(self) -> None:
        """Raises EngineUnavailable."""
        if self._classify is not None:
            return
        self._rules.load()
        loaded = load_pretrained(
            NAME,
            self._config,
            stage="entities",
            model=self.model,
            auto_model="AutoModelForTokenClassification",
        )
        self._batch = batch_size_on(loaded.device, self._config, BATCH_SIZE)
        self._classify = _pipeline(loaded)
        self.version = importlib.metadata.version("transformers")

    def extract(self, talk: Talk, *, on_progress: Progress = lambda _: None) -> tuple[Entity, ...]:
        """In order of segment and start; none overlaps another."""
        if self._classify is None:
            raise EngineFailed(NAME, "load() was not called", retryable=False)
        segments = [segment for segment in talk.segments if segment.text.strip()]
        by_model: list[Entity] = []
        for first in range(0, len(segments), self._batch):
            batch = segments[first : first + self._batch]
            answers = run(NAME, self._classify, [segment.text for segment in batch], batch_size=len(batch))
            for segment, found in zip(batch, answers, strict=True):
                by_model += _entities(segment.id, segment.text, found)
            on_progress(0.9 * (first + len(batch)) / len(segments))
        taken = {(entity.segment_id, at) for entity in by_model for at in range(entity.start, entity.end)}
        by_rules = [
            entity
            for entity in self._rules.extract(talk)
            if not any((entity.segment_id, at) in taken for at in range(entity.start, entity.end))
            and entity.label not in self._labels
        ]
        on_progress(1.0)
        return tuple(sorted([*by_model, *by_rules], key=lambda e: (e.segment_id, e.start)))

    @property
    def _labels(self) -> frozenset[str]:
        """What the model was trained for: there it is believed, and the rules are not asked."""
        return frozenset(_label(tag) for tag in self._classify.model.config.id2label.values() if tag != "O")


def _pipeline(loaded: Pretrained) -> Any:
    transformers = import_transformers(NAME)
    if not loaded.reader.is_fast:
        raise EngineUnavailable(
            NAME, "the model's tokenizer gives no offsets", hint="Choose a model with a fast tokenizer."
        )
    max_tokens = loaded.reader.model_max_length = max_tokens_of(loaded.reader, loaded.model)
    return transformers.pipeline(
        "token-classification",
        model=loaded.model,
        tokenizer=loaded.reader,
        device=loaded.device,
        aggregation_strategy="first",  # a word is what its first piece is
        stride=max_tokens // _STRIDE_PART,
    )


def _entities(segment_id: int, text: str, found: Sequence[dict[str, Any]]) -> Iterable[Entity]:
    last_end = 0
    for item in sorted(found, key=lambda item: (item["start"], -item["end"])):
        start, end = int(item["start"]), int(item["end"])
        while start < end and text[start].isspace():
            start += 1
        if start < last_end or start >= end:  # windows overlap: the first to find it counts
            continue
        last_end = end
        confidence = round(float(item["score"]), 4)
        yield Entity(text[start:end], _label(item["entity_group"]), start, end, segment_id, confidence)


def _label(tag: str) -> str:
    name = tag.split("-", maxsplit=1)[-1].upper()  # B-PER, I-PER
    return LABELS.get(name, name)
