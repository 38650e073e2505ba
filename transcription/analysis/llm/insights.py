"""Findings, risks and next steps by a language model; what it found must be in the talk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel

from transcription.analysis.base import (
    Classification,
    Entity,
    Evidence,
    Finding,
    Insights,
    Progress,
    RiskLevel,
    Summary,
    Talk,
)
from transcription.analysis.insights.embedded import entities_by_label
from transcription.analysis.llm.base import LlmEngine
from transcription.analysis.llm.reading import Statement

LEVELS: tuple[RiskLevel, ...] = ("low", "medium", "high", "critical")


class SaidInsights(BaseModel):
    key_findings: list[Statement] = []
    risk_level: Literal["low", "medium", "high", "critical"]
    risk_factors: list[Statement] = []
    recommended_actions: list[str] = []


class LlmInsights(LlmEngine):
    """InsightEngine. A risk above low needs a factor that was said; without one it is low."""

    prompt_name, prompt_version = "insights", 1

    def derive(
        self,
        talk: Talk,
        *,
        entities: Sequence[Entity] = (),
        summary: Summary | None = None,
        classification: Classification | None = None,
        on_progress: Progress = lambda _: None,
    ) -> Insights:
        findings: list[Finding] = []
        factors: list[Finding] = []
        actions: list[str] = []
        level: RiskLevel | None = None
        known = json.dumps(
            {
                "summary": summary.text if summary else None,
                "category": classification.main_category if classification else None,
                "priority": classification.priority if classification else None,
            }
        )
        for window, said in self._ask_each(talk, SaidInsights, on_progress, known=known):
            findings += [_finding(*kept) for kept in self._borne_out(said.key_findings, window)]
            here = [_finding(*kept) for kept in self._borne_out(said.risk_factors, window)]
            factors += here
            actions += [action for action in said.recommended_actions if action not in actions]
            found: RiskLevel = said.risk_level if here else "low"
            level = found if level is None else max(level, found, key=LEVELS.index)
        return Insights(tuple(findings), level, tuple(factors), tuple(actions), entities_by_label(entities))


def _finding(claim: Statement, quote: Evidence) -> Finding:
    return Finding(claim.text, (quote.segment_id,))
