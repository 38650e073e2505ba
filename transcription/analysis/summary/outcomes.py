"""What a conversation leads to: decisions and action items, with who said them and where."""

from __future__ import annotations

import re

from transcription.analysis.base import ActionItem, Decision, Talk
from transcription.analysis.text import stems_of
from transcription.semantic.actions import find_actions, find_decisions, find_proposals
from transcription.semantic.intent import classify_intent

# What happens within the call is nothing to do after it.
_AT_ONCE = re.compile(
    r"\b(?:hold|on hold|bear with|wait a|right now|stay on the line|repeat|spell|ask you|tell you"
    r"|let me|help you(?: right| today|$)|explain|be right back|read (?:that|it) back|start with"
    r"|go (?:ahead|through))\b",
    re.IGNORECASE,
)
_PATTERNS = frozenset({"promise", "request", "please", "obligation", "suggestion"})


def decisions_of(talk: Talk) -> tuple[Decision, ...]:
    """What was decided: said so, or offered by one side and agreed to at once by the other."""
    decided: list[Decision] = []
    for index, segment in enumerate(talk.segments):
        decided += [Decision(mention.text, segment.id) for mention in find_decisions(segment.text)]
        if index + 1 >= len(talk.segments):
            continue
        reply = talk.segments[index + 1]
        agreed = reply.speaker_id != segment.speaker_id and classify_intent(reply.text) == "agreement"
        proposals = find_proposals(segment.text)
        if agreed and proposals:
            decided.append(Decision(proposals[-1].text, segment.id))
    return tuple(dict.fromkeys(decided))


def action_items_of(talk: Talk) -> tuple[ActionItem, ...]:
    """What is to be done after the talk; `speaker_id` is who said it. The same deed is named once."""
    items: list[ActionItem] = []
    seen: set[frozenset[str]] = set()
    for segment in talk.segments:
        for action in find_actions(segment.text):
            deed = frozenset(stems_of(action.text))
            if action.pattern in _PATTERNS and deed and deed not in seen and not _AT_ONCE.search(action.text):
                seen.add(deed)
                items.append(ActionItem(action.text, segment.speaker_id, segment.id))
    return tuple(items)
