"""Proactiveness, resolution and hold: what the agent does for the caller (docs/quality.md has the table).

Whether information is accurate and steps are the correct ones cannot be known from the words of a call. The
rules for these judge what can be seen, and say nothing where nothing can.
"""

from __future__ import annotations

from transcription.analysis.quality.call import (
    NO_OCCASION,
    Call,
    Hit,
    Said,
    Verdict,
    first_hit,
    hits,
    present,
    quotes,
)
from transcription.semantic.actions import find_actions, find_decisions
from transcription.semantic.asking import question_at

_FEWEST_WORDS = 20
_ISSUE_WORDS = 5
# An agent looks into something in the same breath or in the next lines.
_SOON_LINES = 3
# Thanks for holding this early are for the queue before the call, not for a hold in it.
_QUEUE_LINES = 2


def offers_further_help(call: Call) -> Verdict:
    return present(call, "further_help", call.agent, tells_agent=True)


def confirms_satisfaction(call: Call) -> Verdict:
    agreed = [said for said in call.agent if _acts(said)]
    if not agreed:
        return NO_OCCASION
    # Asking whether something suits before anything was proposed confirms nothing.
    after = [said for said in call.agent if said.index >= agreed[0].index]
    asked = first_hit("satisfaction", after)
    if asked:
        return Verdict(True, (asked.quote(),)) if call.roles_known else NO_OCCASION
    return Verdict(False, quotes(agreed, 1))


def follows_up_earlier_cases(call: Call) -> Verdict:
    if not call.roles_known:
        return NO_OCCASION
    taken_up = hits("acknowledges_earlier", call.agent)
    if taken_up:
        return Verdict(True, quotes(taken_up))
    told = hits("earlier_contact", call.caller)
    return Verdict(False, quotes(told)) if told else NO_OCCASION


def gives_accurate_information(call: Call) -> Verdict:
    """False where the agent takes back what was said; what is never taken back may still be wrong."""
    corrected = hits("self_correction", call.agent) if call.roles_known else []
    return Verdict(False, quotes(corrected)) if corrected else NO_OCCASION


def uses_correct_language(call: Call) -> Verdict:
    if not call.roles_known:
        return NO_OCCASION
    rude = hits("rude", call.agent)
    if rude:
        return Verdict(False, quotes(rude))
    words = sum(len(said.line.tokens) for said in call.agent)
    return Verdict(True) if words >= _FEWEST_WORDS else NO_OCCASION


def consults_when_unsure(call: Call) -> Verdict:
    if not call.roles_known:
        return NO_OCCASION
    unsure = hits("unsure", call.agent)
    asked_someone = hits("consults_someone", call.agent)
    if not unsure:
        return Verdict(True, quotes(asked_someone, 1)) if asked_someone else NO_OCCASION
    for doubt in unsure:
        soon = [said for said in call.agent if doubt.index <= said.index <= doubt.index + _SOON_LINES]
        consulted = first_hit("consults", soon)
        if consulted is None:
            return Verdict(False, (doubt.quote(),))
    return Verdict(True, quotes([unsure[0], *hits("consults", call.agent)], 2))


def follows_correct_steps(call: Call) -> Verdict:
    """The order that every service call has: hear the issue, ask, then act. The operator's own procedure
    is not known, so an order that is kept is True only where the call is also opened and closed."""
    if not call.roles_known:
        return NO_OCCASION
    heard = [said for said in call.caller if len(said.line.tokens) >= _ISSUE_WORDS]
    acted = [said for said in call.agent if _acts(said)]
    if not heard:
        return NO_OCCASION
    if not acted:
        return Verdict(False, quotes(heard, 1))
    if acted[0].index < heard[0].index:
        return Verdict(False, quotes(acted, 1))
    opened, closed = first_hit("opening", call.agent[:2]), first_hit("closing", call.agent[-3:])
    asked = next((said for said in call.agent if _asks_about(said) and said.index > heard[0].index), None)
    if opened and asked and closed and asked.index <= acted[-1].index <= closed.index:
        return Verdict(True, quotes([opened, asked, acted[-1], closed], 4))
    return NO_OCCASION


def explains_solution_clearly(call: Call) -> Verdict:
    if not call.roles_known:
        return NO_OCCASION
    solved = [said for said in call.agent if _acts(said)]
    if not solved:
        return NO_OCCASION
    first = solved[0].index
    lost = [hit for hit in hits("confused", call.caller) if hit.index > first]
    clear = [hit for hit in hits("understood", call.caller) if hit.index > first]
    if lost and not (clear and clear[-1].index > lost[-1].index):
        return Verdict(False, quotes(lost))
    near = {index for said in solved for index in (said.index - 1, said.index, said.index + 1)}
    explained: list[Hit] = [hit for hit in hits("reason", call.agent) if hit.index in near]
    if explained or clear:
        return Verdict(True, quotes([*explained[:2], *clear[:1]]))
    return NO_OCCASION


def explains_before_hold(call: Call) -> Verdict:
    held = hits("hold", call.agent)
    if not held:
        return NO_OCCASION
    for hold in held:
        before = [said for said in call.agent if hold.index - 1 <= said.index <= hold.index]
        reason = first_hit("hold_reason", before)
        if reason is None:
            return Verdict(False, (hold.said.quote(),))
    return Verdict(True, (held[0].said.quote(),))


def thanks_for_holding(call: Call) -> Verdict:
    thanks = [hit for hit in hits("hold_thanks", call.agent) if hit.said in call.agent[_QUEUE_LINES:]]
    held = hits("hold", call.agent)
    after = [hit for hit in thanks if not held or hit.index >= held[0].index]
    if after:
        return Verdict(True, quotes(after, 1))
    return Verdict(False, (held[0].said.quote(),)) if held else NO_OCCASION


def _acts(said: Said) -> bool:
    """Whether a line promises, asks for or decides on something to be done."""
    return bool(find_actions(said.segment.text) or find_decisions(said.segment.text))


def _asks_about(said: Said) -> bool:
    return question_at(said.line) is not None
