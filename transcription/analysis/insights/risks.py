"""Risk factors of a conversation, and the level that they add up to.

| level | when |
| --- | --- |
| critical | a sign of danger to life was said, or the priority is critical |
| high | a sign of harm to somebody, escalation together with churn risk, or the priority is high |
| medium | escalation, churn risk, or distress in two segments or more, or the priority is medium |
| low | none of these |
"""

from __future__ import annotations

from collections import defaultdict

from transcription.analysis.base import Classification, Finding, RiskLevel, Talk
from transcription.analysis.classification.evidence import sayings_of
from transcription.semantic.cues import cues_of
from transcription.semantic.line import line_of
from transcription.semantic.risk import find_risks

_CUES = cues_of("cues", "transcription.analysis.insights")
_NAMES = {
    "danger_to_life": "Danger to life",
    "harm": "Harm to a person",
    "escalation": "Escalation",
    "churn_risk": "Churn risk",
    "pricing": "Pricing",
    "distress": "Distress",
}
_DISTRESSED_SEGMENTS = 2
_LEVELS: tuple[RiskLevel, ...] = ("low", "medium", "high", "critical")
_QUOTES = 3


def signs_of(talk: Talk, agent: str | None) -> dict[str, list[tuple[int, str]]]:
    """By kind of risk, most serious first: the segments that show it and the words that do.

    An agent's question is no sign where it was answered by no; neither is what somebody denies.
    """
    asserted = {saying.segment_id for saying in sayings_of(talk, agent) if saying.weight == 1.0}
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for segment in talk.segments:
        if segment.id not in asserted:
            continue
        line = line_of(segment.text)
        for kind, pattern in _CUES.items():
            for match in pattern.finditer(line.folded):
                # "can't breathe" and "not breathing" hold their denial themselves.
                if not line.negated(match.start()):
                    first, last = line.index_at(match.start()), line.index_at(match.end() - 1)
                    found[kind].append((segment.id, line.verbatim(first, last)))
        for risk in find_risks(segment.text):
            found[risk.tag].append((segment.id, risk.text))
    return {kind: found[kind] for kind in _NAMES if kind in found}


def factors_of(signs: dict[str, list[tuple[int, str]]]) -> tuple[Finding, ...]:
    """One finding per kind of risk, with the words that show it."""
    return tuple(
        Finding(
            f"{_NAMES[kind]}: "
            + ", ".join(f"“{text}”" for text in list(dict.fromkeys(t for _, t in said))[:_QUOTES]),
            tuple(dict.fromkeys(segment_id for segment_id, _ in said)),
        )
        for kind, said in signs.items()
    )


def level_of(signs: dict[str, list[tuple[int, str]]], classification: Classification | None) -> RiskLevel:
    """The level by the table above; a priority of the taxonomy with a name of its own is not weighed."""
    level: RiskLevel = "low"
    distressed = {segment_id for segment_id, _ in signs.get("distress", ())}
    if "escalation" in signs or "churn_risk" in signs or len(distressed) >= _DISTRESSED_SEGMENTS:
        level = "medium"
    if "harm" in signs or ("escalation" in signs and "churn_risk" in signs):
        level = "high"
    if "danger_to_life" in signs:
        level = "critical"
    priority = (classification.priority or "").casefold() if classification else ""
    return max(level, *(name for name in _LEVELS if name == priority), level, key=_LEVELS.index)
