"""What can be told of a talk while it goes on: questions that were answered, and a summary of what came last.

`InsightPlan` is cheap and decides what is worth asking. `derive` does the work, wherever its caller puts it,
with the engines of the stages: the endpoint's where there is one, else the embedded ones.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast

from transcription.analysis.base import (
    AnswerEngine,
    LlmEndpoint,
    Question,
    StageEngineConfig,
    SummaryEngine,
    Talk,
)
from transcription.analysis.registry import make_stage_engine
from transcription.errors import EngineFailed, EngineUnavailable
from transcription.models import Segment
from transcription.semantic.asking import question_at
from transcription.semantic.line import line_of

SUMMARY_EVERY = 10
"""Finals from one rolling summary to the next: a minute of talk or two."""
SUMMARY_OVER = 60
"""The most finals that one is made of."""
FEWEST_SUMMARISED = 5
ANSWER_WITHIN = 3
"""Finals after a question in which its answer is looked for."""
LLM_OPTIONS = {"timeout_s": 10.0, "max_retries": 0}
"""An answer that takes longer comes too late to be one while people still talk."""
_QUOTE = re.compile(r"“([^”]+?)(?: …)?”")


@dataclass(frozen=True, slots=True)
class InsightJob:
    """What is to be looked at: for an answer, the question's segment first and what followed it."""

    kind: Literal["answer", "rolling_summary"]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class RunningInsight:
    """`segment_ids`: those that bear it out. `engine`: who understood it."""

    kind: Literal["answer", "rolling_summary"]
    text: str
    segment_ids: tuple[int, ...]
    engine: str


class InsightPlan:
    """One session's. What it holds is bounded, whatever the length of the talk."""

    def __init__(self) -> None:
        self._recent: deque[Segment] = deque(maxlen=SUMMARY_OVER)
        self._open: deque[int] = deque(maxlen=ANSWER_WITHIN)  # ids of questions that may still be answered
        self._since_summary = 0

    def add(self, segment: Segment) -> list[InsightJob]:
        """One more final: what is worth looking at now."""
        self._recent.append(segment)
        self._since_summary += 1
        jobs = [
            InsightJob("answer", tuple(one for one in self._recent if one.id >= question))
            for question in self._open
        ]
        self._open = deque(
            (question for question in self._open if segment.id - question < ANSWER_WITHIN),
            maxlen=ANSWER_WITHIN,
        )
        if question_at(line_of(segment.text)) is not None:
            self._open.append(segment.id)
        if self._since_summary >= SUMMARY_EVERY:
            jobs += self.end()
        return jobs

    def end(self) -> list[InsightJob]:
        """A summary of the last part, if something was said since the one before."""
        if not self._since_summary or len(self._recent) < FEWEST_SUMMARISED:
            return []
        self._since_summary = 0
        return [InsightJob("rolling_summary", tuple(self._recent))]


def derive(job: InsightJob, endpoint: LlmEndpoint | None = None) -> RunningInsight | None:
    """What comes of it; None: nothing that the talk bears out. An endpoint that fails is passed over."""
    if endpoint is not None:
        try:
            return _derive(job, "llm", endpoint)
        except (EngineFailed, EngineUnavailable):
            pass  # the embedded engine says what it can
    return _derive(job, "embedded", None)


def _derive(job: InsightJob, name: str, endpoint: LlmEndpoint | None) -> RunningInsight | None:
    talk = Talk(job.segments, job.segments[-1].language, job.segments[-1].end_s)
    if job.kind == "answer":
        return _answer(talk, cast("AnswerEngine", _engine("qa", name, endpoint)))
    return _summary(talk, cast("SummaryEngine", _engine("summary", name, endpoint)))


def _answer(talk: Talk, engine: AnswerEngine) -> RunningInsight | None:
    from transcription.analysis.answers.units import units_of
    from transcription.analysis.answers.values import type_of

    asked, *_ = talk.segments
    asking = [unit.span.text for unit in units_of([asked], ()) if unit.asking]
    if not asking:
        return None
    question = Question(str(asked.id), asking[-1])
    [answer] = engine.answer(talk, [question])
    by_id = {segment.id: segment for segment in talk.segments}
    replies = [by_id[item.segment_id] for item in answer.evidence if item.segment_id != asked.id]
    if answer.answer is None or not any(_replies(reply, asked) for reply in replies):
        # Where nobody tells the speakers apart, whatever comes next may be said by who asked: only a value
        # of the kind that was asked for shows an answer.
        known = asked.speaker_id is not None
        if answer.answer is None or known or not replies or type_of(question) in {"text", "list"}:
            return None
    ids = sorted({asked.id, *(reply.id for reply in replies)})
    return RunningInsight("answer", f"“{question.text}” – “{answer.answer}”", tuple(ids), engine.name)


def _replies(reply: Segment, asked: Segment) -> bool:
    return None not in (reply.speaker_id, asked.speaker_id) and reply.speaker_id != asked.speaker_id


def _summary(talk: Talk, engine: SummaryEngine) -> RunningInsight | None:
    summary = engine.summarise(talk)
    if not summary.text:
        return None
    borne_out = _quoted(summary.text, talk.segments) or [segment.id for segment in talk.segments]
    return RunningInsight("rolling_summary", summary.text, tuple(borne_out), engine.name)


def _quoted(text: str, segments: Sequence[Segment]) -> list[int]:
    """The segments that a text quotes; a model that writes without quotes was held to its own evidence."""
    quotes = _QUOTE.findall(text)
    return [segment.id for segment in segments if any(quote in segment.text for quote in quotes)]


def warm() -> None:
    """Load the embedded engines: their word lists take seconds."""
    _engine("qa", "embedded", None)
    _engine("summary", "embedded", None)


@cache
def _engine(stage: str, name: str, endpoint: LlmEndpoint | None) -> AnswerEngine | SummaryEngine:
    config = StageEngineConfig(options=LLM_OPTIONS, llm=endpoint) if endpoint else StageEngineConfig()
    engine = make_stage_engine(stage, name, config)
    engine.load()
    return cast("AnswerEngine | SummaryEngine", engine)
