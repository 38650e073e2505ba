"""What the semantic annotator is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SemanticConfig:
    """Which annotations are made. A part that is switched off leaves its key out of the annotation.

    `vocabulary`: words and phrases of the field (product names, drugs) that are keywords wherever they are
    said, ahead of what is found by rule. `risk_phrases`: further phrases for a risk tag, by tag; a tag of
    one's own may be named too. `max_keywords` is per segment.
    """

    enable_keywords: bool = True
    enable_intent: bool = True
    enable_risk_tags: bool = True
    enable_actions: bool = True
    max_keywords: int = 6
    vocabulary: tuple[str, ...] = ()
    risk_phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.max_keywords < 1:
            raise ValueError(f"max_keywords {self.max_keywords}: at least 1")
