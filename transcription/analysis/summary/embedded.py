"""An extractive summary: what people said, lightly framed by who said it, and nothing else.

Every quote is verbatim. The frame says only what is known: "the agent" where it is known who that is, "the
caller" where there is one other, else a speaker's label, nobody where there is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from transcription.analysis.base import (
    ActionItem,
    Decision,
    Entity,
    Progress,
    StageEngineConfig,
    Summary,
    Talk,
)
from transcription.analysis.roles import guess_agent
from transcription.analysis.summary.outcomes import action_items_of, decisions_of
from transcription.analysis.summary.ranking import Sentence, best_of, ranked, sentences_of, similarities

_FEWEST_POINTS, _MOST_POINTS, _SENTENCES_PER_POINT = 3, 7, 5
_LONGEST_QUOTE_WORDS = 40
# The issue is stated in the first part of a call.
_ISSUE_PART = 0.5
_ISSUE = re.compile(
    r"\b(?:(?:i'm|i am|i was) (?:calling|ringing|phoning)|calling (?:about|because)"
    r"|i (?:need|want|would like|have a)|i'd like|(?:problem|issue|trouble|question) (?:with|about|is)"
    r"|(?:has|have|had) been|(?:won't|doesn't|isn't|can't|keeps?|stopped|broken)"
    r"|the (?:main|first) thing|today is)\b",
    re.IGNORECASE,
)
_ISSUE_WEIGHT = 1.6
# Each thing that was said before makes it less likely that a sentence states the issue.
_LATER = 0.75


class EmbeddedSummary:
    """Sentences by graph centrality, outcomes by rules. An empty talk has an empty summary."""

    name = "embedded"
    model = "lexrank-rules"
    version = "1"

    def __init__(self, config: StageEngineConfig | None = None) -> None:
        self.config = config or StageEngineConfig()

    def load(self) -> None:
        """Nothing to load."""

    def summarise(
        self, talk: Talk, *, entities: Sequence[Entity] = (), on_progress: Progress = lambda _: None
    ) -> Summary:
        found = sentences_of(talk, entities)
        if not found:
            on_progress(1.0)
            return Summary("", (), (), ())
        similar = similarities(found)
        scores = ranked(found, similar)
        on_progress(0.5)
        points = best_of(found, scores, similar, _points_for(len(found)))
        decisions, actions = decisions_of(talk), action_items_of(talk)
        text = _text(talk, found, scores, points=points, decisions=decisions, actions=actions)
        on_progress(1.0)
        return Summary(text, tuple(_cut(point.text) for point in points), decisions, actions)


def _points_for(count: int) -> int:
    return max(_FEWEST_POINTS, min(_MOST_POINTS, count // _SENTENCES_PER_POINT))


def issue_of(
    found: Sequence[Sentence], scores: npt.NDArray[np.float64], agent: str | None
) -> Sentence | None:
    """The sentence that states what the talk is about: early, by the caller where that is known."""
    last = max(1, round(len(found) * _ISSUE_PART))
    early = [s for s in found[:last] if agent is None or s.segment.speaker_id != agent]
    weights = {s.index: scores[s.index] * (_ISSUE_WEIGHT if _ISSUE.search(s.text) else 1.0) for s in early}
    return max(early, key=lambda s: (weights[s.index], -s.index), default=None)


def _text(
    talk: Talk,
    found: Sequence[Sentence],
    scores: npt.NDArray[np.float64],
    *,
    points: Sequence[Sentence],
    decisions: Sequence[Decision],
    actions: Sequence[ActionItem],
) -> str:
    agent = talk.agent_speaker_id or guess_agent(talk.segments)
    speakers = {segment.speaker_id for segment in talk.segments if segment.speaker_id is not None}
    issue = issue_of(found, scores, agent)
    lines: list[str] = []
    if issue is not None:
        kind = "conversation" if agent is None else "call"
        lines.append(f"The {kind} was about: “{_cut(issue.text)}”.")
    outcomes = {decision.segment_id for decision in decisions} | {item.segment_id for item in actions}
    more = [p for p in points if p is not issue and p.segment.id not in outcomes]
    best = sorted(more, key=lambda p: (-scores[p.index], p.index))[:2]
    for point in sorted(best, key=lambda p: p.index):
        who = _who(point.segment.speaker_id, agent, speakers)
        lines.append(f"{who} said: “{_cut(point.text)}”." if who else f"Also said: “{_cut(point.text)}”.")
    lines += [f"Decided: “{_cut(decision.text)}”." for decision in decisions[:2]]
    if actions:
        named = "; ".join(_named(item, agent, speakers) for item in actions[:3])
        lines.append(f"To do: {named}.")
    return " ".join(lines)


def _named(item: ActionItem, agent: str | None, speakers: set[str]) -> str:
    who = _who(item.speaker_id, agent, speakers)
    return (
        f"“{_cut(item.text)}” ({who[0].lower() + who[1:] if who.startswith('The') else who})"
        if who
        else (f"“{_cut(item.text)}”")
    )


def _who(speaker_id: str | None, agent: str | None, speakers: set[str]) -> str:
    if speaker_id is None:
        return ""
    if speaker_id == agent:
        return "The agent"
    return speaker_id if agent is None or len(speakers) != 2 else "The caller"


def _cut(text: str) -> str:
    """A quote of at most so many words, without the mark that ends its sentence."""
    words = text.split()
    if len(words) > _LONGEST_QUOTE_WORDS:
        return " ".join(words[:_LONGEST_QUOTE_WORDS]) + " …"
    return text.rstrip(".,; ")
