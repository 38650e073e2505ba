"""Insights by rules: what was said most tellingly, what is at risk, what is left to do.

Everything is quoted or follows from a rule whose words are quoted beside it. The rules read English; of a
talk in another language the level is None and only the entities are given.
"""

from __future__ import annotations

from collections.abc import Sequence

from transcription.analysis.base import (
    Classification,
    Entity,
    Finding,
    Insights,
    Progress,
    StageEngineConfig,
    Summary,
    Talk,
)
from transcription.analysis.insights.risks import factors_of, level_of, signs_of
from transcription.analysis.roles import guess_agent
from transcription.analysis.summary.outcomes import action_items_of, decisions_of
from transcription.analysis.summary.ranking import best_of, ranked, sentences_of, similarities
from transcription.semantic.line import line_of

_MOST_FINDINGS = 5
_ADVICE = {
    "danger_to_life": "Act now: a danger to life was spoken of; check that help was sent.",
    "harm": "Have someone trained in safeguarding or care look at this conversation today.",
    "escalation": "Have a supervisor call back: a complaint or somebody in charge was spoken of.",
    "churn_risk": "Make an offer to stay: leaving was spoken of.",
    "distress": "Check on the person again: distress was voiced.",
}


class EmbeddedInsights:
    """Findings, risks and next steps from the rules of `transcription.semantic`."""

    name = "embedded"
    model = "rules"
    version = "1"

    def __init__(self, config: StageEngineConfig | None = None) -> None:
        self.config = config or StageEngineConfig()

    def load(self) -> None:
        """Nothing to load."""

    def derive(
        self,
        talk: Talk,
        *,
        entities: Sequence[Entity] = (),
        summary: Summary | None = None,
        classification: Classification | None = None,
        on_progress: Progress = lambda _: None,
    ) -> Insights:
        by_label = entities_by_label(entities)
        readable = talk.language is None or talk.language.split("-")[0].lower() == "en"
        if not readable or not any(line_of(segment.text).tokens for segment in talk.segments):
            on_progress(1.0)
            return Insights((), None, (), (), by_label)
        signs = signs_of(talk, talk.agent_speaker_id or guess_agent(talk.segments))
        on_progress(0.5)
        insights = Insights(
            key_findings=_findings(talk, entities, summary, classification),
            risk_level=level_of(signs, classification),
            risk_factors=factors_of(signs),
            recommended_actions=_recommended(talk, summary, list(signs)),
            entities_by_label=by_label,
        )
        on_progress(1.0)
        return insights


def _findings(
    talk: Talk,
    entities: Sequence[Entity],
    summary: Summary | None,
    classification: Classification | None,
) -> tuple[Finding, ...]:
    found = sentences_of(talk, entities)
    similar = similarities(found)
    points = best_of(found, ranked(found, similar), similar, _MOST_FINDINGS)
    findings = [Finding(f"“{point.text}”", (point.segment.id,)) for point in points]
    decided = decisions_of(talk) if summary is None else summary.decisions
    findings += [Finding(f"Decided: “{item.text}”", (item.segment_id,)) for item in decided]
    if classification is not None and classification.main_category is not None:
        levels = (classification.main_category, classification.sub_category, classification.sub_category_2)
        # What a category rests on is spread over the talk; no segment is named for it.
        findings.insert(0, Finding("Category: " + " / ".join(name for name in levels if name), ()))
    return tuple(findings)


def _recommended(talk: Talk, summary: Summary | None, kinds: Sequence[str]) -> tuple[str, ...]:
    """What the risks call for, then what was promised or asked for and has to be seen through."""
    items = action_items_of(talk) if summary is None else summary.action_items
    promised = [
        f"See through: “{item.text}”" + (f" ({item.speaker_id})" if item.speaker_id else "") for item in items
    ]
    return (*(_ADVICE[kind] for kind in kinds if kind in _ADVICE), *promised)


def entities_by_label(entities: Sequence[Entity]) -> dict[str, tuple[str, ...]]:
    labels: dict[str, dict[str, str]] = {}
    for entity in entities:
        labels.setdefault(entity.label, {}).setdefault(line_of(entity.text).folded, entity.text)
    return {label: tuple(texts.values()) for label, texts in labels.items()}
