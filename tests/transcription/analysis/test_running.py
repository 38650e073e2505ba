"""Insights while people talk: only what the talk bears out, from a plan that stays small."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcription.analysis.llm.conftest import Model, model
from transcription.analysis.base import LlmEndpoint
from transcription.analysis.running import (
    ANSWER_WITHIN,
    FEWEST_SUMMARISED,
    SUMMARY_EVERY,
    SUMMARY_OVER,
    InsightJob,
    InsightPlan,
    derive,
)
from transcription.models import Segment

__all__ = ["model"]
A, B = "CHANNEL_0", "CHANNEL_1"


def talk(*lines: tuple[str | None, str]) -> tuple[Segment, ...]:
    return tuple(
        Segment(i, i * 3.0, i * 3.0 + 2.0, text, speaker, language="en")
        for i, (speaker, text) in enumerate(lines)
    )


CLINIC = talk(
    (A, "good morning you are through to the clinic"),
    (B, "hi i have had a headache for three days"),
    (A, "okay what is your name please"),
    (B, "my name is grace miller"),
    (A, "do you have any allergies"),
    (B, "no i don't"),
    (A, "i will book you an appointment for monday"),
)


def insights_of(segments: tuple[Segment, ...]) -> list[Any]:
    plan = InsightPlan()
    jobs = [job for segment in segments for job in plan.add(segment)] + plan.end()
    return [found for job in jobs if (found := derive(job))]


def test_a_question_that_was_answered() -> None:
    """The answer is a quote of who was asked, with the segments of both."""
    [name, *_] = [one for one in insights_of(CLINIC) if one.kind == "answer"]
    assert (name.text, name.segment_ids, name.engine) == (
        "“okay what is your name please” – “grace miller”",
        (2, 3),
        "embedded",
    )


@pytest.mark.parametrize(
    "lines",
    [
        [(A, "what is your name please"), (A, "i need it for the form")],
        [(A, "where does it hurt"), (B, "i don't know")],
        [(None, "what happens when water boils"), (None, "let us look at the next slide")],
    ],
    ids=["goes on asking", "does not know", "nobody knows who speaks"],
)
def test_a_question_that_was_not_answered(lines: list[tuple[str | None, str]]) -> None:
    """Who asks and goes on, who does not know, and talk of nobody in particular give no answer."""
    assert insights_of(talk(*lines)) == []


def test_a_value_shows_an_answer_where_nobody_knows_who_speaks() -> None:
    """Without speakers only a value of the kind that was asked for counts."""
    [found] = insights_of(talk((None, "how old are you"), (None, "i am thirty four")))
    assert found.segment_ids == (0, 1)
    assert "thirty four" in found.text


def test_a_rolling_summary_points_at_what_it_quotes() -> None:
    """Every quote of it stands in a segment that it names."""
    [summary] = [one for one in insights_of(CLINIC) if one.kind == "rolling_summary"]
    by_id = {segment.id: segment.text for segment in CLINIC}
    assert summary.segment_ids
    assert all(by_id[i] for i in summary.segment_ids)
    assert "i will book you an appointment for monday" in summary.text
    assert 6 in summary.segment_ids


@given(st.lists(st.sampled_from(["what is your name", "grace miller", "yes"]), max_size=150))
def test_the_plan_is_bounded(texts: list[str]) -> None:
    """However long and full of questions a talk is, a final gives few jobs, each of few segments; a summary
    comes every so often, and at the end once."""
    plan = InsightPlan()
    summaries = 0
    for segment in talk(*[(A, text) for text in texts]):
        jobs = plan.add(segment)
        assert len(jobs) <= ANSWER_WITHIN + 1
        for job in jobs:
            most = SUMMARY_OVER if job.kind == "rolling_summary" else ANSWER_WITHIN + 1
            assert 1 < len(job.segments) <= most
            summaries += job.kind == "rolling_summary"
    assert summaries == len(texts) // SUMMARY_EVERY
    assert bool(plan.end()) == (len(texts) >= FEWEST_SUMMARISED and len(texts) % SUMMARY_EVERY > 0)
    assert plan.end() == []


def test_a_model_is_believed_where_it_quotes_the_talk(model: Model) -> None:
    """An endpoint's answer counts with a quote that is there, under its own name; without one it does not."""
    job = InsightJob("answer", CLINIC[2:4])
    endpoint = LlmEndpoint(model.url, "some-model", "s3cret")
    said = {"question_id": "2", "status": "answered", "answer": "Grace Miller"}
    borne_out = {**said, "evidence": [{"segment_id": 3, "quote": "my name is grace miller"}]}
    made_up = {**said, "evidence": [{"segment_id": 3, "quote": "my name is grace hopper"}]}
    model.answers = [{"answers": [borne_out]}, {"answers": [made_up]}]
    found = derive(job, endpoint)
    assert found is not None
    assert (found.segment_ids, found.engine) == ((2, 3), "llm")
    assert derive(job, endpoint) is None


def test_an_endpoint_that_is_down_is_passed_over(model: Model) -> None:
    """The embedded engine says what it can, and says that it was the one."""
    model.answers = [500]
    found = derive(InsightJob("answer", CLINIC[2:4]), LlmEndpoint(model.url, "some-model", "s3cret"))
    assert found is not None
    assert found.engine == "embedded"
