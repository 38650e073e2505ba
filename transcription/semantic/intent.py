"""What an utterance does: one of ten intents, by weighted cues.

Each cue that is found gives its intent a weight; the heaviest intent wins, and of equals the one that asks
more of the listener (the order of INTENTS). The weights only order the cues: a fixed phrase that means one
thing ("goodbye") goes before a structure that means many ("i will").
"""

from __future__ import annotations

from typing import Literal, get_args

from transcription.semantic.actions import find_actions, find_decisions
from transcription.semantic.asking import asks_indirectly, question_at
from transcription.semantic.cues import cues_of
from transcription.semantic.line import Line, line_of

Intent = Literal[
    "clarification", "question", "action_item", "commitment", "decision", "objection", "closing", "greeting",
    "agreement", "statement",
]  # fmt: skip
INTENTS: tuple[Intent, ...] = get_args(Intent)

_CUES = cues_of("intents")
_WEIGHTS: dict[str, tuple[Intent, float]] = {
    "closing": ("closing", 3.2),
    "greeting": ("greeting", 3.1),
    "clarification": ("clarification", 2.9),
    "greeting_maybe": ("greeting", 2.6),
    "objection": ("objection", 2.6),
    "assent": ("agreement", 2.4),
    "agreement": ("agreement", 2.2),
    "closing_maybe": ("closing", 1.9),
    "salute": ("greeting", 1.3),
}
_STRUCTURES: dict[str, tuple[Intent, float]] = {
    "request": ("action_item", 2.5),
    "please": ("action_item", 2.5),
    "obligation": ("action_item", 2.3),
    "suggestion": ("action_item", 2.1),
    "promise": ("commitment", 2.3),
    "next_step": ("commitment", 1.8),
}
# A question in the last part of an utterance is what it leaves with the listener.
_QUESTION, _LAST_QUESTION, _INDIRECT_QUESTION = 2.1, 2.55, 1.8
_DECISION = 2.8


def classify_intent(text: str) -> Intent:
    """The intent of an utterance; `statement` where no cue is found, for an empty text too."""
    return intent_of(line_of(text))


def intent_of(line: Line) -> Intent:
    """As `classify_intent`, of a text that was read already."""
    if not line.tokens:
        return "statement"
    weights: dict[Intent, float] = {"statement": 1.0}

    def weigh(intent: Intent, weight: float) -> None:
        weights[intent] = max(weights.get(intent, 0.0), weight)

    for cue, (intent, weight) in _WEIGHTS.items():
        match = _CUES[cue].search(line.folded)
        if match and not (intent == "agreement" and line.negated(match.start())):
            weigh(intent, weight)
    asked_at = question_at(line)
    if asked_at is not None:
        is_last = asked_at >= len(line.folded) * 0.4
        weigh("question", _LAST_QUESTION if is_last or "?" in line.text[-2:] else _QUESTION)
    elif asks_indirectly(line):
        weigh("question", _INDIRECT_QUESTION)
    for action in find_actions(line.text):
        weigh(*_STRUCTURES[action.pattern])
    if find_decisions(line.text):
        weigh("decision", _DECISION)
    return max(INTENTS, key=lambda intent: weights.get(intent, 0.0))
