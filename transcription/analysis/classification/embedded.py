"""Classification by the words of the labels' descriptions: no model, nothing downloaded, deterministic.

The confidence is a computed share, not a probability: the score of the chosen label over the sum of the
scores of all labels that it was chosen from (1.0: no other label fitted at all). The breakdown gives the
share for every field that has a value; `confidence` is that of the main category.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from transcription.analysis.base import (
    Classification,
    Progress,
    StageEngineConfig,
    Talk,
    TaxonomyLabel,
)
from transcription.analysis.classification.evidence import Saying, counted, sayings_of
from transcription.analysis.classification.matching import Match, match_labels
from transcription.analysis.reason import reason_for_calling
from transcription.analysis.roles import guess_agent

# Without a phrase of several words, a label must share that part of all the words that carry meaning: in a
# long talk a word or two in common with any description are chance.
_SMALLEST_SHARED_PART = 0.05
# The same of the few words that give a reason for calling.
_SMALLEST_REASON_PART = 0.2
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
# How many times the caller's reason for calling counts: what follows it is partly the same in all calls.
_REASON_FACTOR = 3.0
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
        reason = frozenset(segment.id for segment in reason_for_calling(talk.segments, agent))
        sayings = sayings_of(talk, agent)
        told = tuple(saying for saying in sayings if saying.segment_id in reason)
        categories = [label for label in labels if label.kind == "category"]
        breakdown: dict[str, float] = {}
        chosen: dict[str, str | None] = {"main_category": None, "sub_category": None, "sub_category_2": None}
        parent: str | None = None
        for level in chosen:
            siblings = [label for label in categories if label.parent == parent]
            found = self._best(siblings, categories, sayings, told) if siblings else None
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
        urgency = _most_urgent(priorities, sayings) or _likest(priorities, told)
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
        told: tuple[Saying, ...] = (),
        *,
        deed: bool = False,
    ) -> tuple[str, float] | None:
        """`told`: those of the sayings that give the reason for the call."""
        counts = counted(sayings, **(_DEED_WEIGHTS if deed else _TOPIC_WEIGHTS))
        below = {label.name: _below(label.name, categories) for label in siblings}
        matches = match_labels(siblings, sayings, counts, further=below)
        told_counts = counted(told, **_TOPIC_WEIGHTS)
        told_matches = match_labels(siblings, told, told_counts, further=below)
        scores = [
            match.score + _REASON_FACTOR * of_reason.score
            for match, of_reason in zip(matches, told_matches, strict=True)
        ]
        index = max(range(len(scores)), key=lambda number: scores[number])
        below_another = any(label.parent is not None for label in siblings)
        fits = _fits(matches[index], counts, _SMALLEST_SHARED_PART, below_another=below_another) or _fits(
            told_matches[index], told_counts, _SMALLEST_REASON_PART, below_another=below_another
        )
        return (matches[index].label.name, round(scores[index] / sum(scores), 4)) if fits else None


def _fits(match: Match, counts: Mapping[str, float], least_part: float, *, below_another: bool) -> bool:
    """Whether a label was meant, not brushed: below a category that was found, one phrase of one word is
    enough."""
    shared_part = len(match.terms) / len(counts) if counts else 0.0
    return any(" " in phrase for phrase in match.phrases) or (
        bool(match.phrases) and (below_another or shared_part >= least_part)
    )


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


def _likest(priorities: Sequence[TaxonomyLabel], told: tuple[Saying, ...]) -> tuple[str, float] | None:
    """Where no phrase of any priority was said: the one that shares most with the reason for the call."""
    counts = counted(told, **_TOPIC_WEIGHTS)
    matches = match_labels(priorities, told, counts) if priorities else []
    best = max(matches, key=lambda match: match.score, default=None)
    if best is None or not best.terms:
        return None
    return best.label.name, round(best.score / sum(match.score for match in matches), 4)
