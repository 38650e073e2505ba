"""Proactiveness and resolution: what the agent does for the caller (docs/quality.md has the table).

Whether information is accurate and steps are the correct ones cannot be known from the words of a call. The
rules for these judge what can be seen, and say nothing where nothing can.
"""

from __future__ import annotations

from transcription.analysis.quality.call import Call, Said
from transcription.analysis.quality.finding import (
    NO_OCCASION,
    Hit,
    Verdict,
    first_hit,
    hits,
    phrases,
    present,
    quotes,
)
from transcription.analysis.quality.hold import holds
from transcription.semantic.actions import find_actions, find_decisions
from transcription.semantic.asking import question_at

_FEWEST_WORDS, _FEWEST_RUDE_WORDS = 20, 3
_ISSUE_WORDS = 5
# An agent looks into something in the same breath or in the next lines.
_SOON_LINES = 3
_OPENING_LINES = 2
# Chosen as the thresholds of signs.py were.
_TAKEN_UP, _KEPT_TAKEN_UP, _DOUBTED = -0.4, -0.7, 0.2


def offers_further_help(call: Call) -> Verdict:
    return present(call, "further_help", call.agent, tells_agent=True)


def confirms_satisfaction(call: Call) -> Verdict:
    agreed = _acted(call)
    # Asking whether something suits before anything was proposed confirms nothing.
    since = agreed[0].index if agreed else _middle(call)
    asked = first_hit("satisfaction", [said for said in call.agent if said.index >= since])
    if asked:
        return Verdict(True, (asked.quote(),)) if call.roles_known else NO_OCCASION
    return Verdict(False, quotes(agreed, 1)) if agreed else NO_OCCASION


def follows_up_earlier_cases(call: Call) -> Verdict:
    if not call.roles_known:
        return NO_OCCASION
    taken_up: list[Hit | Said] = [*phrases("acknowledges_earlier", call.agent)]
    told = hits("earlier_contact", call.caller)
    for hit in told:
        taken_up += [said for said in _replies(call, hit.index)[:1] if _takes_up(said)]
    if taken_up:
        return Verdict(True, quotes(taken_up))
    return Verdict(False, quotes(told)) if told else NO_OCCASION


def _takes_up(said: Said) -> bool:
    """Whether an answer to "i called before" is more like taking that up than like passing over it."""
    taken_up, _ = said.meanings.likest(["earlier_case"])
    passed_over = max(said.meanings.likest([act])[0] for act in ("ignores_earlier", "does_not_know"))
    return taken_up >= max(_KEPT_TAKEN_UP if phrases("kept", [said]) else _TAKEN_UP, passed_over)


def gives_accurate_information(call: Call) -> Verdict:
    """False where the agent takes back what was said; what is never taken back may still be wrong."""
    corrected = hits("self_correction", call.agent) if call.roles_known else []
    return Verdict(False, quotes(corrected)) if corrected else NO_OCCASION


def uses_correct_language(call: Call) -> Verdict:
    if not call.roles_known:
        return NO_OCCASION
    # A word or two that only sound like rudeness are an exclamation (`ah, stop`).
    rude = [
        hit
        for said in call.agent
        for hit in (hits if len(said.line.tokens) >= _FEWEST_RUDE_WORDS else phrases)("rude", [said])
    ]
    if rude:
        return Verdict(False, quotes(rude))
    words = sum(len(said.line.tokens) for said in call.agent)
    return Verdict(True) if words >= _FEWEST_WORDS else NO_OCCASION


def consults_when_unsure(call: Call) -> Verdict:
    if not call.roles_known:
        return NO_OCCASION
    # Who knows nothing of an earlier call is not unsure of what was asked.
    earlier = {hit.index + 1 for hit in hits("earlier_contact", call.caller)}
    unsure = [hit for hit in hits("unsure", call.agent) if hit.index not in earlier]
    if not unsure:
        answers = [said for said in _answers(call) if not holds(said)]
        asked: list[Hit | Said] = [*phrases("consults_someone", call.agent), *hits("consults", answers)]
        asked += [said for said in answers if _asks_about(said) and _third_voice(call, said.index, within=1)]
        return Verdict(True, quotes(asked, 1)) if asked else NO_OCCASION
    consulted: list[Hit | Said] = []
    for doubt in unsure:
        soon = [said for said in call.agent if doubt.index <= said.index <= doubt.index + _SOON_LINES]
        found = first_hit("consults", soon, lower=_DOUBTED) or _third_voice(call, doubt.index)
        if found is None:
            return Verdict(False, (doubt.quote(),))
        consulted.append(found)
    return Verdict(True, quotes([unsure[0], *consulted], 2))


def _answers(call: Call) -> list[Said]:
    """The agent's lines that follow a question of the caller's."""
    asked = {said.index + 1 for said in call.caller if _asks_about(said) or first_hit("asks", [said])}
    return [said for said in call.agent if said.index in asked]


def _third_voice(call: Call, index: int, *, within: int = 2) -> Said | None:
    """Who is neither agent nor caller and speaks in the next lines: a colleague who was asked."""
    return next((said for said in call.others if index < said.index <= index + within), None)


def follows_correct_steps(call: Call) -> Verdict:
    """The order that every service call has: hear the issue, ask, then act. The operator's own procedure
    is not known, so an order that is kept is True only where the call is also opened and closed."""
    if not call.roles_known:
        return NO_OCCASION
    heard = [said for said in call.caller if len(said.line.tokens) >= _ISSUE_WORDS]
    acted = _acted(call)
    if not heard:
        return NO_OCCASION
    if not acted:
        # Who asks whether it suits has done something.
        return NO_OCCASION if confirms_satisfaction(call).prediction else Verdict(False, quotes(heard, 1))
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
    solved = _acted(call)
    first = solved[0].index if solved else _middle(call)
    told = {said.index + 1 for said in call.agent if said.index >= first and not _asks_about(said)}
    lost = [hit for hit in hits("confused", call.caller) if hit.index in told]
    clear = [hit for hit in hits("understood", call.caller) if hit.index in told]
    if lost and not (clear and clear[-1].index > lost[-1].index):
        return Verdict(False, quotes(lost))
    near = {index for said in solved for index in (said.index - 1, said.index, said.index + 1)}
    lines = [said for said in call.agent if said.index in near and not holds(said)]
    explained = hits("reason", lines)
    if explained or clear:
        return Verdict(True, quotes([*explained[:2], *clear[:1]]))
    return NO_OCCASION


def _acted(call: Call) -> list[Said]:
    """The lines in which something is told that is done, is to be done or will be; no holds, no questions.

    What was heard is acted on in the second half of a call; earlier there must be a phrase for it too."""
    middle = _middle(call)
    told = [said for said in call.agent[_OPENING_LINES:] if hits("action", [said])]
    return [
        said
        for said in told
        if not (holds(said) or _asks_about(said)) and (said.index >= middle or _acts(said))
    ]


def _middle(call: Call) -> float:
    return call.lines[-1].index / 2 if call.lines else 0.0


def _replies(call: Call, index: int) -> list[Said]:
    """The agent's lines that follow a line of the caller's."""
    return [said for said in call.agent if index < said.index <= index + _SOON_LINES]


def _acts(said: Said) -> bool:
    """Whether a line promises, asks for or decides on something to be done."""
    return bool(find_actions(said.segment.text) or find_decisions(said.segment.text))


def _asks_about(said: Said) -> bool:
    return question_at(said.line) is not None
