"""A call as the quality rules see it: the agent's lines, the caller's lines, and what is found in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from transcription.analysis.base import Evidence, Talk
from transcription.analysis.quotes import quote
from transcription.analysis.roles import guess_agent
from transcription.models import Segment, Turn
from transcription.semantic.actions import clause_end
from transcription.semantic.cues import cues_of
from transcription.semantic.line import Line, line_of

CUES = cues_of("cues", "transcription.analysis.quality")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says. `prediction` None: the call gave no occasion, or rules cannot tell."""

    prediction: bool | None
    evidence: tuple[Evidence, ...] = ()


NO_OCCASION = Verdict(None)


@dataclass(frozen=True, slots=True)
class Said:
    """One segment, its place in the call, and its words as rules read them."""

    index: int
    segment: Segment
    line: Line

    def quote(self) -> Evidence:
        return quote(self.segment)


@dataclass(frozen=True, slots=True)
class Hit:
    """A cue in what somebody said."""

    said: Said
    match: re.Match[str]

    @property
    def index(self) -> int:
        return self.said.index

    def quote(self) -> Evidence:
        """From the cue to the end of its clause."""
        line = self.said.line
        first = line.index_at(self.match.start())
        last = clause_end(line, first, line.index_at(self.match.end() - 1))
        return quote(self.said.segment, line.tokens[first].start, line.tokens[last].end)


@dataclass(frozen=True, slots=True)
class Call:
    """`agent_id` None: who the agent is could not be told; then `agent` and `caller` are both everybody.

    Of several others the caller is who said most; a third voice (a colleague put on the line) is neither.
    """

    agent_id: str | None
    agent: tuple[Said, ...]
    caller: tuple[Said, ...]
    turns: tuple[Turn, ...]

    @property
    def roles_known(self) -> bool:
        return self.agent_id is not None

    @property
    def lines(self) -> tuple[Said, ...]:
        if not self.roles_known:
            return self.agent
        return tuple(sorted([*self.agent, *self.caller], key=lambda said: said.index))


def call_of(talk: Talk) -> Call:
    """The call in a talk; empty segments are left out."""
    lines = [
        Said(index, segment, line)
        for index, segment in enumerate(talk.segments)
        if (line := line_of(segment.text)).tokens
    ]
    agent_id = talk.agent_speaker_id or guess_agent(talk.segments)
    if agent_id is None or not any(said.segment.speaker_id == agent_id for said in lines):
        return Call(None, tuple(lines), tuple(lines), talk.turns)
    words: Counter[str | None] = Counter()
    for said in lines:
        words[said.segment.speaker_id] += len(said.line.tokens)
    del words[agent_id]
    caller_id = max(words, key=lambda speaker: words[speaker], default=None)
    return Call(
        agent_id,
        tuple(said for said in lines if said.segment.speaker_id == agent_id),
        tuple(said for said in lines if words and said.segment.speaker_id == caller_id),
        talk.turns,
    )


def hits(cue: str, lines: Iterable[Said]) -> list[Hit]:
    """Every place where a cue was said, in order."""
    return [Hit(said, match) for said in lines for match in CUES[cue].finditer(said.line.folded)]


def first_hit(cue: str, lines: Iterable[Said]) -> Hit | None:
    return next((Hit(s, found) for s in lines if (found := CUES[cue].search(s.line.folded))), None)


def quotes(found: Sequence[Hit | Said], limit: int = 3) -> tuple[Evidence, ...]:
    """The first few as evidence, without those that lie within one before."""
    kept: list[Evidence] = []
    for item in found:
        evidence = item.quote()
        if not any(
            other.segment_id == evidence.segment_id and evidence.quote in other.quote for other in kept
        ):
            kept.append(evidence)
    return tuple(kept[:limit])


def present(call: Call, cue: str, lines: Sequence[Said], *, tells_agent: bool) -> Verdict:
    """True with the quote where the agent said it, else False with the last line that it was looked for in.

    `tells_agent`: only agents say it, so that it counts where the roles are not known; anything else that was
    found may then have been the caller's.
    """
    if not lines:
        return NO_OCCASION
    hit = first_hit(cue, lines)
    if hit is None:
        return Verdict(False, (lines[-1].quote(),))
    return Verdict(True, (hit.quote(),)) if call.roles_known or tells_agent else NO_OCCASION
