"""Who took the call: the speaker who greets for a service, offers help and asks the questions.

A rule set with points, not a model: each point is a phrase that is said by those who serve, or (negative)
by those who call. Where the points do not tell two speakers apart, the answer is None.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from transcription.analysis.text import folded, is_question
from transcription.models import Segment


def _any_of(*phrases: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(phrases)})\b")


_OPENING = _any_of(
    r"(?:thank you|thanks) for (?:calling|contacting|reaching|holding)",
    r"how (?:can|may|could) (?:i|we) (?:help|assist)",
    r"you(?:'ve| have)? reached",
    r"you(?:'re| are) (?:through to|speaking (?:to|with))",
    r"welcome to",
    r"what (?:brings you|can i do for you|seems to be)",
    r"(?:i am|i'm|this is) (?:nurse|doctor|dr) \w+",
    r"i(?:'ll| will) be (?:looking after|taking care of|helping) you",
    r"what(?:'s| is) your emergency",
    r"(?:i'm|i am) (?:the|your) (?:nurse|doctor|agent|advisor|counsell?or|midwife)",
)
_SERVING = _any_of(
    r"(?:is there )?(?:anything|something) else (?:i|we) (?:can|could)",
    r"(?:can|may|could) i (?:have|get|take|ask|confirm) (?:your|the|a few|some)",
    r"let me (?:check|just|look|pull|take|confirm)",
    r"i(?:'ll| will| am going to|'m going to) (?:send|book|arrange|transfer|put you|check|ask the|refer)",
    r"i(?:'ll| will| am going to|'m going to) (?:email|text|note|schedule)",
    r"we(?:'ll| will) (?:send|call|get back|arrange|follow|be in touch)",
    r"(?:thank you|thanks) for (?:calling|holding|your patience)",
    r"bear with me",
    r"put you on hold",
    r"do you have (?:any )?allerg\w+",
    r"take care of you",
    r"i can help",
)
_CALLING = _any_of(
    r"i(?:'m| am| was|'ve been) (?:calling|ringing|phoning) (?:about|because|to|for|on behalf|regarding)",
    r"i (?:need|want|would like|wanted) (?:some |your )?(?:help|to (?:report|book|make|speak|talk|ask))",
    r"(?:can|could|will|would) you (?:please )?(?:help|advise|send)",
    r"i(?:'d| would) like to (?:report|book|speak|make)",
    r"thank you for (?:your help|helping|listening)",
)
# Openings count in the first segments only: later they are quoted or repeated by anyone.
_OPENING_SEGMENTS = 6
_OPENING_POINTS, _SERVING_POINTS, _CALLING_POINTS = 3, 2, -2
# Questions tell when there are some and one side asks most of them.
_FEWEST_QUESTIONS, _QUESTION_POINTS = 3, 2
_CLEAR_LEAD = 2


def guess_agent(segments: Sequence[Segment]) -> str | None:
    """The speaker who took the call; None with fewer than two speakers or where it is not clear."""
    points: dict[str, int] = defaultdict(int)
    questions: dict[str, int] = defaultdict(int)
    for index, segment in enumerate(segments):
        if segment.speaker_id is None:
            continue
        text = folded(segment.text)
        points[segment.speaker_id] += _SERVING_POINTS * len(_SERVING.findall(text)) + _CALLING_POINTS * len(
            _CALLING.findall(text)
        )
        if index < _OPENING_SEGMENTS and _OPENING.search(text):
            points[segment.speaker_id] += _OPENING_POINTS
        questions[segment.speaker_id] += is_question(segment.text)
    if len(points) < 2:
        return None
    asker = max(questions, key=lambda speaker: questions[speaker])
    asked_by_others = sum(questions.values()) - questions[asker]
    if questions[asker] >= _FEWEST_QUESTIONS and questions[asker] >= 2 * asked_by_others:
        points[asker] += _QUESTION_POINTS
    first, second = sorted(points, key=lambda speaker: -points[speaker])[:2]
    clear = points[first] > 0 and points[first] - points[second] >= _CLEAR_LEAD
    return first if clear else None
