"""Classification against the descriptions of a taxonomy's labels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcription.analysis import calls
from tests.transcription.analysis.calls import talk_of
from transcription.analysis.base import TaxonomyLabel, to_json
from transcription.analysis.classification import child_helpline, clinic
from transcription.analysis.classification.embedded import EmbeddedClassification

ENGINE = EmbeddedClassification()
ENGINE.load()
WORDS = "fever hurts bill no not my rash call book pain the"
TAXONOMIES = {"child_helpline": child_helpline(), "clinic": clinic()}


@pytest.mark.parametrize(
    ("script", "taxonomy", "expected"),
    [
        (calls.HELPLINE, "child_helpline", ("Bullying", "School bullying", "School liaison", "high")),
        (calls.CLINIC, "clinic", ("Symptoms", "Pain and injury", "Appointment made", "medium")),
        (calls.EMERGENCY, "clinic", ("Symptoms", "Heart and breathing", "Emergency services", "critical")),
        (
            calls.NEIGHBOUR,
            "child_helpline",
            ("Abuse", "Physical abuse", "Referral to child protection", "high"),
        ),
        (calls.REFILL, "clinic", ("Medication", "Prescription refill", "Prescription sent", "medium")),
    ],
)
def test_calls_find_their_labels(script: str, taxonomy: str, expected: tuple[str, ...]) -> None:
    """Calls in their own wording get the category, the sub-category, the intervention and the priority."""
    found = ENGINE.classify(talk_of(script, agent=None), TAXONOMIES[taxonomy])
    assert (found.main_category, found.sub_category, found.intervention, found.priority) == expected


@pytest.mark.parametrize(
    ("script", "taxonomy"),
    [(calls.TRAVEL, "child_helpline"), (calls.CARD, "child_helpline"), ("A: hm", "clinic")],
)
def test_what_fits_no_label_gets_none(script: str, taxonomy: str) -> None:
    """A call about something else is not pressed into a category, and has no confidence."""
    found = ENGINE.classify(talk_of(script), TAXONOMIES[taxonomy])
    assert (found.main_category, found.sub_category, found.confidence) == (None, None, None)


def test_denied_and_merely_asked_symptoms_do_not_count() -> None:
    """What is denied, or asked and answered by no, is no evidence and no urgency."""
    found = ENGINE.classify(
        talk_of("A: do you have chest pain\nB: no\nB: i don't have a fever i need a sick note for work"),
        clinic(),
    )
    assert found.main_category == "Records and documents"
    assert found.priority == "low"


def test_one_sign_of_danger_outweighs_ordinary_words() -> None:
    """The most urgent priority wins whose phrase was said, however many milder ones were."""
    script = "B: i have a question about an invoice and the opening hours\nB: my wife has chest pain"
    assert ENGINE.classify(talk_of(script), clinic()).priority == "critical"


def test_a_third_level_is_found_where_there_is_one() -> None:
    """`sub_category_2` is the best label below the sub-category."""
    labels = (
        TaxonomyLabel("Hardware", "devices, printer, laptop"),
        TaxonomyLabel("Software", "programs, update, password"),
        TaxonomyLabel("Printer", "printer, paper jam, toner", parent="Hardware"),
        TaxonomyLabel("Laptop", "laptop, battery, screen", parent="Hardware"),
        TaxonomyLabel("Paper", "paper jam, stuck paper", parent="Printer"),
        TaxonomyLabel("Toner", "toner is empty, cartridge", parent="Printer"),
    )
    found = ENGINE.classify(talk_of("B: the printer has a paper jam again"), labels)
    assert (found.main_category, found.sub_category, found.sub_category_2) == ("Hardware", "Printer", "Paper")
    assert (found.intervention, found.priority) == (None, None)


def test_labels_that_name_each_other_end() -> None:
    """A taxonomy whose parents go round in a circle is classified all the same."""
    labels = (
        TaxonomyLabel("Top", "garden, roses"),
        TaxonomyLabel("One", "roses, thorns", parent="Two"),
        TaxonomyLabel("Two", "roses", parent="One"),
    )
    assert ENGINE.classify(talk_of("B: roses in the garden"), labels).main_category == "Top"


@given(st.lists(st.sampled_from(WORDS.split()), max_size=12))
def test_confidences_are_shares(words: list[str]) -> None:
    """Whatever is said, every figure is a share of a score, given exactly for the fields that are set."""
    found = ENGINE.classify(talk_of("B: " + " ".join(words)), clinic())
    fields = ("main_category", "sub_category", "sub_category_2", "intervention", "priority")
    assert set(found.confidence_breakdown) == {name for name in fields if getattr(found, name) is not None}
    assert all(0 < share <= 1 for share in found.confidence_breakdown.values())
    assert found.confidence == found.confidence_breakdown.get("main_category")
    assert found == ENGINE.classify(talk_of("B: " + " ".join(words)), clinic())


@pytest.mark.parametrize("taxonomy", list(TAXONOMIES))
def test_shipped_taxonomies_are_whole(taxonomy: str) -> None:
    """Parents come before children, names are unique among siblings, and priorities rise."""
    labels = TAXONOMIES[taxonomy]
    seen: set[tuple[str, str | None, str]] = set()
    for label in labels:
        assert label.description
        assert label.parent is None or any(name == label.parent for _, _, name in seen)
        assert (label.kind, label.parent, label.name) not in seen
        seen.add((label.kind, label.parent, label.name))
    assert [label.name for label in labels if label.kind == "priority"] == [
        "low",
        "medium",
        "high",
        "critical",
    ]
    assert any(label.kind == "intervention" for label in labels)


def test_output_is_the_contracts() -> None:
    """The JSON has the fields of the contract."""
    assert set(to_json(ENGINE.classify(talk_of(calls.CLINIC), clinic()))) == {
        "main_category",
        "sub_category",
        "sub_category_2",
        "intervention",
        "priority",
        "confidence",
        "confidence_breakdown",
    }
