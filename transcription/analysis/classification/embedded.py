"""Classification by the words of the labels' descriptions: no model, nothing downloaded, deterministic.

The confidence is a computed share, not a probability: the score of the chosen label over the sum of the
scores of all labels that it was chosen from (1.0: no other label fitted at all). The breakdown gives the
share for every field that has a value; `confidence` is that of the main category.
"""

from __future__ import annotations

from collections.abc import Sequence

from transcription.analysis.base import (
    Classification,
    Progress,
    StageEngineConfig,
    Talk,
    TaxonomyLabel,
)
from transcription.analysis.classification.evidence import Saying, counted, sayings_of
from transcription.analysis.classification.matching import Match, match_labels
from transcription.analysis.roles import guess_agent

# Without a phrase of several words, a label must share that part of all the words that carry meaning: in a
# long talk a word or two in common with any description are chance.
_SMALLEST_SHARED_PART = 0.05
# Known names of priorities, least urgent first; others are taken in the order of the taxonomy.
_URGENCY = (
    "none",
    "low",
    "routine",
    "normal",
    "medium",
    "moderate",
    "high",
    "urgent",
    "critical",
    "emergency",
)
# Whose words count for what: callers say what it is about, agents say what is done.
_TOPIC_WEIGHTS = {"agent_weight": 0.5, "caller_weight": 1.0}
_DEED_WEIGHTS = {"agent_weight": 1.0, "caller_weight": 0.3}


class EmbeddedClassification:
    """Labels by lexical similarity. A field is None where no label fits or the taxonomy has none."""

    name = "embedded"
    model = "lexical-bm25"
    version = "1"

    def __init__(self, config: StageEngineConfig | None = None) -> None:
        self.config = config or StageEngineConfig()

    def load(self) -> None:
        """Nothing to load."""

    def classify(
        self, talk: Talk, labels: Sequence[TaxonomyLabel], *, on_progress: Progress = lambda _: None
    ) -> Classification:
        agent = talk.agent_speaker_id or guess_agent(talk.segments)
        sayings = sayings_of(talk, agent)
        categories = [label for label in labels if label.kind == "category"]
        breakdown: dict[str, float] = {}
        chosen: dict[str, str | None] = {"main_category": None, "sub_category": None, "sub_category_2": None}
        parent: str | None = None
        for level in chosen:
            siblings = [label for label in categories if label.parent == parent]
            found = self._best(siblings, categories, sayings) if siblings else None
            if found is None:
                break
            parent, breakdown[level] = found
            chosen[level] = parent
        on_progress(0.5)
        interventions = [label for label in labels if label.kind == "intervention"]
        done = self._best(interventions, (), sayings, deed=True) if interventions else None
        if done:
            breakdown["intervention"] = done[1]
        priorities = [label for label in labels if label.kind == "priority"]
        urgency = _most_urgent(priorities, sayings)
        if urgency:
            breakdown["priority"] = urgency[1]
        on_progress(1.0)
        return Classification(
            **chosen,
            intervention=done[0] if done else None,
            priority=urgency[0] if urgency else None,
            confidence=breakdown.get("main_category"),
            confidence_breakdown=breakdown,
        )

    def _best(
        self,
        siblings: Sequence[TaxonomyLabel],
        categories: Sequence[TaxonomyLabel],
        sayings: tuple[Saying, ...],
        *,
        deed: bool = False,
    ) -> tuple[str, float] | None:
        counts = counted(sayings, **(_DEED_WEIGHTS if deed else _TOPIC_WEIGHTS))
        below = {label.name: _below(label.name, categories) for label in siblings}
        matches = match_labels(siblings, sayings, counts, further=below)
        best = max(matches, key=lambda match: match.score)
        below_another = any(label.parent is not None for label in siblings)
        shared_part = len(best.terms) / len(counts) if counts else 0.0
        # Below a category that was found, one phrase of one word is enough.
        fits = any(" " in phrase for phrase in best.phrases) or (
            bool(best.phrases) and (below_another or shared_part >= _SMALLEST_SHARED_PART)
        )
        return _share(best, matches) if fits else None


def _below(name: str, categories: Sequence[TaxonomyLabel]) -> str:
    """What the descriptions of all labels under `name` say; a parent that is its own child ends there."""
    texts: list[str] = []
    waiting, seen = [name], {name}
    while waiting:
        parent = waiting.pop()
        for label in categories:
            if label.parent == parent and label.name not in seen:
                seen.add(label.name)
                waiting.append(label.name)
                texts.append(f"{label.name}. {label.description}")
    return " ".join(texts)


def _share(best: Match, matches: Sequence[Match]) -> tuple[str, float] | None:
    total = sum(match.score for match in matches)
    return (best.label.name, round(best.score / total, 4)) if total > 0 else None


def _most_urgent(
    priorities: Sequence[TaxonomyLabel], sayings: tuple[Saying, ...]
) -> tuple[str, float] | None:
    """The most urgent priority of which a phrase was said, with its share of all phrases that were.

    One sign of danger outweighs any number of ordinary words, so the labels are not weighed up.
    """
    # What was only asked about is no sign of danger.
    certain = tuple(saying for saying in sayings if saying.weight == 1.0)
    counts = counted(certain, agent_weight=1.0, caller_weight=1.0)
    matches = [match for match in match_labels(priorities, certain, counts) if match.phrases]
    if not matches:
        return None
    names = [label.name for label in priorities]
    known = all(name.casefold() in _URGENCY for name in names)

    def urgency(match: Match) -> int:
        name = match.label.name
        return _URGENCY.index(name.casefold()) if known else names.index(name)

    best = max(matches, key=urgency)
    return best.label.name, round(len(best.phrases) / sum(len(match.phrases) for match in matches), 4)
