"""Hold: whether the caller is told why or for how long, and thanked (docs/quality.md has the table)."""

from __future__ import annotations

from itertools import pairwise

from transcription.analysis.quality.call import Call, Said
from transcription.analysis.quality.finding import NO_OCCASION, Verdict, first_hit, hits, phrases, quotes

# Thanks for holding this early are for the queue before the call, not for a hold in it.
_QUEUE_LINES = 2
# Chosen as the thresholds of signs.py were.
_EXPLAINED = -0.6


def explains_before_hold(call: Call) -> Verdict:
    held = _held(call)
    for hold in held:
        before = [said for said in call.agent if hold.index - 1 <= said.index <= hold.index]
        if not any(_gives_reason(said) for said in before):
            return Verdict(False, (hold.quote(),))
    return Verdict(True, (held[0].quote(),)) if held else NO_OCCASION


def thanks_for_holding(call: Call) -> Verdict:
    thanks = hits("hold_thanks", _after_queue(call))
    held = _held(call)
    after = [hit for hit in thanks if not held or hit.index >= held[0].index]
    if after:
        return Verdict(True, quotes(after, 1))
    return Verdict(False, (held[0].quote(),)) if held else NO_OCCASION


def _held(call: Call) -> list[Said]:
    """The lines with which callers were asked to hold. Who is thanked for it, or told that somebody is back,
    was asked with the agent's line before."""
    asked = [said for said in call.agent if holds(said)]
    for before, said in pairwise([*call.agent[_QUEUE_LINES - 1 : _QUEUE_LINES], *_after_queue(call)]):
        back = first_hit("back", [said]) and not first_hit("action", [said])
        known = any(before.index - 1 <= line.index <= said.index for line in asked)
        if not known and (back or first_hit("hold_thanks", [said])):
            asked.append(before)
    return sorted(asked, key=lambda said: said.index)


def _after_queue(call: Call) -> list[Said]:
    """The agent's lines in which a hold can end, without answers to a caller who was away (`hang on, somebody
    is at the door`, `no problem`)."""
    away = {said.index for said in call.caller if call.roles_known and phrases("away", [said])}
    return [said for said in call.agent[_QUEUE_LINES:] if said.index - 1 not in away]


def holds(said: Said) -> bool:
    return bool(hits("hold", [said])) and not hits("further_help", [said]) and not phrases("stays", [said])


def _gives_reason(said: Said) -> bool:
    """By a phrase, or since it is more like explaining a hold than like just asking for one."""
    if phrases("hold_reason", [said]):
        return True
    explained, _ = said.meanings.likest(["explains_hold"])
    return explained >= max(_EXPLAINED, said.meanings.likest(["asks_to_hold"])[0])
