"""Categories by a language model: of the labels there are, each with a quote that speaks for it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import BaseModel

from transcription.analysis.base import Classification, Progress, Talk, TaxonomyLabel
from transcription.analysis.llm.base import LlmEngine
from transcription.analysis.llm.reading import Claim


class Choice(Claim):
    label: str


class SaidClassification(BaseModel):
    main_category: Choice | None = None
    sub_category: Choice | None = None
    sub_category_2: Choice | None = None
    intervention: Choice | None = None
    priority: Choice | None = None


LEVELS = ("main_category", "sub_category", "sub_category_2")


class LlmClassification(LlmEngine):
    """ClassificationEngine. A label that the taxonomy does not have at that place, or that nothing in the
    talk bears out, is dropped; of several windows the first to fill a field counts. Confidence: None."""

    prompt_name, prompt_version = "classification", 1

    def classify(
        self, talk: Talk, labels: Sequence[TaxonomyLabel], *, on_progress: Progress = lambda _: None
    ) -> Classification:
        listed = json.dumps(
            [
                {"name": label.name, "kind": label.kind, "parent": label.parent, "means": label.description}
                for label in labels
            ]
        )
        chosen: dict[str, str] = {}
        for window, said in self._ask_each(talk, SaidClassification, on_progress, labels=listed):
            choices = {name: getattr(said, name) for name in SaidClassification.model_fields}
            named = [(name, choice) for name, choice in choices.items() if choice is not None]
            kept = {id(claim) for claim, _ in self._borne_out([choice for _, choice in named], window)}
            for name, choice in named:
                if id(choice) in kept:
                    chosen.setdefault(name, choice.label)
        return self._checked(chosen, labels)

    def _checked(self, chosen: dict[str, str], labels: Sequence[TaxonomyLabel]) -> Classification:
        fields: dict[str, str | None] = {}
        parent: str | None = None
        broken = False
        for level in LEVELS:
            there = {label.name for label in labels if label.kind == "category" and label.parent == parent}
            name = chosen.get(level)
            broken = broken or name is None or name not in there
            fields[level] = None if broken else name
            parent = fields[level]
        for kind in ("intervention", "priority"):
            there = {label.name for label in labels if label.kind == kind}
            fields[kind] = name if (name := chosen.get(kind)) in there else None
        self._endpoint.drop_claims(sum(1 for name in chosen if fields[name] is None))
        return Classification(**fields, confidence=None, confidence_breakdown={})
