"""Insights by rules: findings, risks, next steps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.transcription.analysis import calls
from tests.transcription.analysis.calls import talk_of
from transcription.analysis.base import Classification, Entity, Talk, to_json
from transcription.analysis.insights.embedded import EmbeddedInsights
from transcription.analysis.summary.embedded import EmbeddedSummary

ENGINE = EmbeddedInsights()


def classified(priority: str | None) -> Classification:
    return Classification("Symptoms", "Pain", None, None, priority, 0.5, {"main_category": 0.5})


@pytest.mark.parametrize(
    ("script", "level"),
    [
        (calls.HELPLINE, "high"),
        (calls.CLINIC, "low"),
        (calls.BILLING, "high"),
        (calls.TRAVEL, "low"),
        (calls.MEETING, "low"),
        (calls.EMERGENCY, "critical"),
        (calls.NEIGHBOUR, "high"),
        (calls.REFILL, "low"),
        (calls.CARD, "high"),
    ],
)
def test_risk_levels(script: str, level: str) -> None:
    """Danger to life is critical, harm and a customer about to leave in anger are high, business is low."""
    assert ENGINE.derive(talk_of(script)).risk_level == level


def test_a_priority_raises_the_level_and_never_lowers_it() -> None:
    """The taxonomy's priority counts where it is more serious than what was found."""
    calm, urgent = talk_of(calls.CLINIC), talk_of(calls.EMERGENCY)
    assert ENGINE.derive(calm, classification=classified("critical")).risk_level == "critical"
    assert ENGINE.derive(urgent, classification=classified("low")).risk_level == "critical"
    assert ENGINE.derive(calm, classification=classified("blue")).risk_level == "low"


def test_denied_danger_is_none() -> None:
    """A danger that is denied, or asked about and answered by no, is no risk."""
    talk = talk_of("A: do you have chest pain\nB: no\nB: i am not suicidal")
    assert ENGINE.derive(talk).risk_level == "low"


def test_findings_and_factors_are_quoted_where_they_were_said() -> None:
    """What a finding or a risk factor quotes stands in one of its segments."""
    talk = talk_of(calls.BILLING)
    insights = ENGINE.derive(talk)
    for finding in (*insights.key_findings, *insights.risk_factors):
        quoted = finding.text.split("“")[1].split("”")[0]
        assert any(quoted in talk.segments[number].text for number in finding.segment_ids)
    assert any(factor.text.startswith("Churn risk") for factor in insights.risk_factors)


def test_promises_are_to_be_seen_through() -> None:
    """Action items of the summary become recommended actions, after what the risks call for."""
    talk = talk_of(calls.HELPLINE)
    summary = EmbeddedSummary().summarise(talk)
    actions = ENGINE.derive(talk, summary=summary).recommended_actions
    assert "safeguarding" in actions[0]
    assert sum(action.startswith("See through") for action in actions) == len(summary.action_items)
    assert actions == ENGINE.derive(talk).recommended_actions


def test_entities_are_named_once() -> None:
    """Mentions are grouped by label; the same name twice is one, in order of first mention."""
    entities = [
        Entity("Leo", "PERSON", 0, 3, 0, None),
        Entity("leo", "PERSON", 0, 3, 1, None),
        Entity("Rome", "LOCATION", 4, 8, 1, None),
        Entity("Grace", "PERSON", 4, 9, 2, None),
    ]
    insights = ENGINE.derive(talk_of(calls.HELPLINE), entities=entities)
    assert insights.entities_by_label == {"PERSON": ("Leo", "Grace"), "LOCATION": ("Rome",)}


@pytest.mark.parametrize(
    "talk", [Talk((), "en", 0.0), replace(talk_of(calls.HELPLINE), language="fr")], ids=["empty", "French"]
)
def test_what_cannot_be_read_has_no_level(talk: Talk) -> None:
    """Nothing said, or a language the rules do not read: no level is made up."""
    insights = ENGINE.derive(talk)
    assert insights.risk_level is None
    assert insights.key_findings == insights.risk_factors == ()


def test_output_is_the_contracts() -> None:
    """The JSON has the fields of the contract."""
    output = to_json(ENGINE.derive(talk_of(calls.MEETING, agent=None), classification=classified(None)))
    assert set(output) == {
        "key_findings",
        "risk_level",
        "risk_factors",
        "recommended_actions",
        "entities_by_label",
    }
    assert output["key_findings"][0] == {"text": "Category: Symptoms / Pain", "segment_ids": ()}
