"""Extractive summaries: what people said, and what it led to."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcription.analysis import calls
from tests.transcription.analysis.calls import talk_of
from transcription.analysis.base import Entity, Summary, Talk, to_json
from transcription.analysis.summary import ranking
from transcription.analysis.summary.embedded import EmbeddedSummary
from transcription.analysis.summary.ranking import sentences_of

ENGINE = EmbeddedSummary()
WORDS = "i will the invoice paid we decided on a hello ? . um 7 é"
SCRIPTS = [
    calls.HELPLINE, calls.CLINIC, calls.BILLING, calls.TRAVEL, calls.MEETING, calls.EMERGENCY,
    calls.NEIGHBOUR, calls.REFILL, calls.CARD,
]  # fmt: skip


@pytest.mark.parametrize(
    ("script", "issue"),
    [
        (calls.HELPLINE, "boys at my school keep hitting me"),
        (calls.CLINIC, "my shoulder has been hurting"),
        (calls.TRAVEL, "a cancelled flight to Lisbon"),
        (calls.EMERGENCY, "my husband has chest pain"),
        (calls.NEIGHBOUR, "her stepfather beats her"),
        (calls.REFILL, "run out of my blood pressure tablets"),
        (calls.CARD, "a payment of three hundred pounds"),
        (calls.MEETING, "the launch date for the mobile app"),
    ],
)
def test_the_first_sentence_says_what_it_was_about(script: str, issue: str) -> None:
    """A summary begins with the words in which the issue was stated."""
    agent = None if script is calls.MEETING else "SPEAKER_00"
    assert issue in ENGINE.summarise(talk_of(script, agent=agent)).text.split("”")[0]


@pytest.mark.parametrize("script", SCRIPTS)
def test_nothing_is_invented(script: str) -> None:
    """Every quote, point, decision and action was said word for word, in the segment that is named."""
    talk = talk_of(script)
    said = {segment.id: segment.text for segment in talk.segments}
    summary = ENGINE.summarise(talk)
    quotes = [*re.findall("“(.*?)”", summary.text), *summary.key_points]
    assert quotes
    assert all(any(quote.removesuffix(" …") in text for text in said.values()) for quote in quotes)
    for decision in summary.decisions:
        assert decision.text in said[decision.segment_id]
    for action in summary.action_items:
        assert action.text in said[action.segment_id]
        assert action.speaker_id == talk.segments[action.segment_id].speaker_id


def test_decisions_and_actions_of_a_meeting() -> None:
    """A meeting's two decisions and its promises are found, with who made them."""
    summary = ENGINE.summarise(talk_of(calls.MEETING, agent=None))
    assert [decision.segment_id for decision in summary.decisions] == [6, 10]
    assert [(item.speaker_id, item.segment_id) for item in summary.action_items] == [
        ("SPEAKER_02", 3 + 4),
        ("SPEAKER_01", 8),
        ("SPEAKER_00", 11),
    ]


def test_an_offer_that_is_taken_is_a_decision() -> None:
    """What one side proposes and the other agrees to at once was decided; what is refused was not."""
    offer = "A: i can offer you monday at nine\nB: "
    taken = ENGINE.summarise(talk_of(offer + "yes that works for me"))
    refused = ENGINE.summarise(talk_of(offer + "no that does not work"))
    assert [decision.text for decision in taken.decisions] == ["i can offer you monday at nine"]
    assert refused.decisions == ()


def test_what_is_done_at_once_is_no_action_item() -> None:
    """Holding the line is over when the call is."""
    talk = talk_of("A: i will put you on hold\nB: sure\nA: i will email you the form")
    assert [item.text for item in ENGINE.summarise(talk).action_items] == ["i will email you the form"]


def test_entities_lift_a_sentence() -> None:
    """Of sentences that say as much otherwise, the one that names things is a point."""
    lines = [
        f"A: the {word} department answered several letters slowly" for word in ("north", "south", "east")
    ]
    talk = talk_of("\n".join(lines))
    name = Entity("east", "ORGANIZATION", 4, 8, 2, None)
    plain = ENGINE.summarise(talk)
    named = ENGINE.summarise(talk, entities=[name])
    assert "east" not in plain.text
    assert "east" in named.text


def test_an_empty_talk_has_an_empty_summary() -> None:
    """Nothing said, nothing summed up."""
    assert ENGINE.summarise(Talk((), None, 0.0)) == Summary("", (), (), ())


@given(
    st.lists(
        st.lists(st.sampled_from(WORDS.split()), max_size=30),
        max_size=10,
    )
)
def test_any_talk_is_summed_up_the_same_twice(lines: list[list[str]]) -> None:
    """Whatever is said has a summary of bounded length, the same one every time."""
    talk = talk_of("\n".join(f"{'AB'[number % 2]}: {' '.join(words)}" for number, words in enumerate(lines)))
    summary = ENGINE.summarise(talk)
    assert summary == ENGINE.summarise(talk)
    assert len(summary.key_points) <= 7
    assert set(to_json(summary)) == {"text", "key_points", "decisions", "action_items"}


def test_a_day_of_talk_is_summed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A very long talk keeps the graph small, and still begins with its issue and ends with its promise."""
    lines = [calls.REFILL.strip()] + [
        f"{'BA'[number % 2]}: and then there was matter number {number} of the usual kind"
        for number in range(100)
    ]
    monkeypatch.setattr(ranking, "_MOST_SENTENCES", 40)
    talk = talk_of("\n".join([*lines, "A: i will post the certificate to your office in Leeds"]))
    assert len(sentences_of(talk)) == 40
    assert ENGINE.summarise(talk).action_items[-1].text.startswith("i will post the certificate")
