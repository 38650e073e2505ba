"""Opening, listening and closing: how the agent treats the caller (docs/quality.md has the table)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

from transcription.analysis.base import Evidence
from transcription.analysis.quality.call import Call, Said
from transcription.analysis.quality.finding import (
    NO_OCCASION,
    Verdict,
    first_hit,
    hits,
    phrases,
    present,
    quotes,
)
from transcription.analysis.text import stems_of, word_set
from transcription.models import Turn
from transcription.semantic.actions import find_actions
from transcription.semantic.asking import question_at

_OPENING_LINES = 2
_CLOSING_LINES = 3
# Overlaps of some hundred milliseconds are ordinary when speakers change (Heldner & Edlund 2010, "Pauses,
# gaps and overlaps in conversations"), so only more counts; a turn of less than a second is a backchannel
# ("mm-hm", "okay").
_OVERLAP_S = 0.5
_BACKCHANNEL_S = 1.0
# "Disfluency rates in conversation" (Bortfeld et al. 2001) counts 6 disfluencies in 100 words of ordinary
# speakers; more than that, and at least three, is hesitating.
_DISFLUENCIES_PER_100_WORDS = 6.0
_FEWEST_DISFLUENCIES = 3
_FEWEST_WORDS = 20
# A caller who said that many words in one go has told of something.
_ISSUE_WORDS = 8
# Content words that an agent takes up from what the caller said.
_SHARED_STEMS = 3
# The caller's first lines of that length are the issue; a shorter line than six words says nothing back.
_ISSUE_LINES, _SAID_BACK_WORDS = 3, 6
_REMARK_WORDS = 5
_OTHERS = word_set("he's she's they're it's he she they it")
# What else takes up what the caller told.
_NEAR_ACTS = ("self_correction", "acknowledges_earlier")
# Chosen as the thresholds of signs.py were.
_NEARNESS_WEIGHT, _SAID_BACK = 1.5, -0.05


def uses_opening_phrase(call: Call) -> Verdict:
    return present(call, "opening", call.agent[:_OPENING_LINES], tells_agent=True)


def does_not_interrupt(call: Call) -> Verdict:
    told_off = first_hit("told_off", call.caller) if call.roles_known else None
    if told_off:
        return Verdict(False, (told_off.quote(),))
    if not call.roles_known or not call.caller:
        return NO_OCCASION
    turns = call.turns or tuple(
        Turn(said.segment.speaker_id, said.segment.start_s, said.segment.end_s)
        for said in call.lines
        if said.segment.speaker_id is not None
    )
    spoken = [turn for turn in turns if turn.end_s > turn.start_s]
    ours = sorted((t for t in spoken if t.speaker_id == call.agent_id), key=lambda turn: turn.start_s)
    starts_s = [turn.start_s for turn in ours]
    found: list[Evidence] = []
    for theirs in (turn for turn in spoken if turn.speaker_id != call.agent_id):
        first = bisect_left(starts_s, theirs.start_s + _OVERLAP_S)
        last = bisect_right(starts_s, theirs.end_s - _OVERLAP_S)
        for turn in ours[first:last]:
            if turn.end_s - turn.start_s >= _BACKCHANNEL_S:
                found += _said_at(call, turn)
    if found:
        return Verdict(False, tuple(found[:3]))
    speakers = {turn.speaker_id for turn in spoken}
    return Verdict(True) if len(speakers) > 1 and call.agent_id in speakers else NO_OCCASION


def _said_at(call: Call, turn: Turn) -> list[Evidence]:
    """What the agent said where a turn begins; the turn itself where no segment is found there."""
    near = [
        said
        for said in call.agent
        if said.segment.start_s - _OVERLAP_S <= turn.start_s < said.segment.end_s + _OVERLAP_S
    ]
    return [min(near, key=lambda said: abs(said.segment.start_s - turn.start_s)).quote()] if near else []


def shows_empathy(call: Call) -> Verdict:
    if not call.roles_known:
        return NO_OCCASION
    told = [said for said in call.caller if not _of_another(said)]
    distress = [hit for hit in hits("distress", told) if not hit.denied]
    # Where nobody is known to be distressed, only phrases show it.
    shown = hits("empathy", call.agent) if distress else phrases("empathy", call.agent)
    if shown:
        return Verdict(True, quotes(shown))
    return Verdict(False, quotes(distress)) if distress else NO_OCCASION


def _of_another(said: Said) -> bool:
    """A remark about somebody else: `he's afraid of them`, of a dog."""
    words = [token.folded for token in said.line.tokens]
    return len(words) <= _REMARK_WORDS and words[0] in _OTHERS


def paraphrases_issue(call: Call) -> Verdict:
    if not call.roles_known:
        return NO_OCCASION
    issues = [said for said in call.caller if len(said.line.tokens) >= _ISSUE_WORDS]
    if not issues:
        return NO_OCCASION
    # What comes after a hold is what was looked up.
    hold = first_hit("hold", call.agent)
    heard: set[str] = set()
    by_agent = {said.index for said in call.agent}
    for said in call.lines:
        if said.index not in by_agent:
            heard |= set(stems_of(said.segment.text))
        elif heard:
            if hit := first_hit("paraphrase", [said]):
                return Verdict(True, (hit.quote(),))
            takes_up = said.line.tokens[0].folded in {"so", "okay", "right", "alright"}
            shared = len(heard & set(stems_of(said.segment.text)))
            says_back = (hold is None or said.index < hold.index) and _says_back(said, issues[:_ISSUE_LINES])
            if says_back or (takes_up and shared >= _SHARED_STEMS):
                return Verdict(True, (said.quote(),))
    return Verdict(False, quotes(issues, 1))


def _says_back(said: Said, issues: Sequence[Said]) -> bool:
    """Whether a line is near to what the caller told first, and said as one says back what was heard."""
    told = [issue.meanings for issue in issues if issue.index < said.index]
    if not told or len(said.line.tokens) < _SAID_BACK_WORDS or any(first_hit(s, [said]) for s in _NEAR_ACTS):
        return False
    form, _ = said.meanings.likest(["paraphrase"])
    return form + _NEARNESS_WEIGHT * said.meanings.nearness(told) >= _SAID_BACK


def says_please_and_thank_you(call: Call) -> Verdict:
    if not call.agent or not call.roles_known:
        return NO_OCCASION
    pleases, thanks = hits("please", call.agent), hits("thanks", call.agent)
    asked = [said for said in call.agent if _asks_for_something(said)]
    if thanks and (pleases or not asked):
        return Verdict(True, quotes([*pleases[:1], *thanks[:1]]))
    # The first request without a please, or the last line by which no thanks had come.
    return Verdict(False, (asked[0].quote() if asked and not pleases else call.agent[-1].quote(),))


def _asks_for_something(said: Said) -> bool:
    requests = {"request", "please", "obligation"}
    return question_at(said.line) is not None or any(
        action.pattern in requests for action in find_actions(said.segment.text)
    )


def does_not_hesitate(call: Call) -> Verdict:
    words = sum(len(said.line.tokens) for said in call.agent)
    if not call.roles_known or words < _FEWEST_WORDS:
        return NO_OCCASION
    fillers = hits("hesitation", call.agent)
    repeated = [
        said
        for said in call.agent
        for first, second in pairwise(said.line.tokens)
        if first.folded == second.folded and first.folded.isalpha() and first.folded not in _MEANT_TWICE
    ]
    count = len(fillers) + len(repeated)
    hesitates = count >= _FEWEST_DISFLUENCIES and 100 * count / words > _DISFLUENCIES_PER_100_WORDS
    if not hesitates:
        return Verdict(True)
    lines = {hit.said.index: hit.said for hit in fillers} | {said.index: said for said in repeated}
    return Verdict(False, quotes([lines[index] for index in sorted(lines)]))


# Words that are said twice on purpose, and digits, which repeat in numbers.
_MEANT_TWICE = word_set(
    "very no yes okay bye had that really so well right one two three four five six seven eight nine zero oh "
    "there now"
)


def uses_closing_phrase(call: Call) -> Verdict:
    lines = call.agent[-_CLOSING_LINES:]
    if not call.roles_known:
        return present(call, "farewell_of_agents", lines, tells_agent=True)
    # The opening's thanks are no farewell in a call that is hardly longer than its opening.
    return present(call, "closing", [said for said in lines if said.index > 0], tells_agent=False)
