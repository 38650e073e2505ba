"""What is found in a call: the signs in its lines, and the verdicts that rest on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from transcription.analysis.base import Evidence
from transcription.analysis.quality.call import Call, Said
from transcription.analysis.quality.signs import CUES, SIGNS
from transcription.analysis.quotes import quote
from transcription.semantic.actions import clause_end


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says. `prediction` None: the call gave no occasion, or rules cannot tell."""

    prediction: bool | None
    evidence: tuple[Evidence, ...] = ()


NO_OCCASION = Verdict(None)


@dataclass(frozen=True, slots=True)
class Hit:
    """A sign in what somebody said: tokens `first` to `last` of the line, both included."""

    said: Said
    first: int
    last: int

    @property
    def index(self) -> int:
        return self.said.index

    @property
    def denied(self) -> bool:
        return self.said.line.negated(self.said.line.starts[self.first])

    def quote(self) -> Evidence:
        line = self.said.line
        return quote(self.said.segment, line.tokens[self.first].start, line.tokens[self.last].end)


def phrases(sign: str, lines: Iterable[Said]) -> list[Hit]:
    """Every place where a sign's phrase was said, in order; none for a sign that has no phrases."""
    found = []
    for said in lines if sign in CUES else ():
        for match in CUES[sign].finditer(said.line.folded):
            first = said.line.index_at(match.start())
            last = clause_end(said.line, first, said.line.index_at(match.end() - 1))
            found.append(Hit(said, first, last))
    return found


def hits(sign: str, lines: Iterable[Said], *, lower: float = 0.0) -> list[Hit]:
    """The sign's phrases; of a line without one, the words that mean it.

    `lower`: how much less than else is enough, where something besides the words speaks for it."""
    found = []
    for said in lines:
        found += phrases(sign, [said]) or _meant(sign, said, lower)
    return found


def first_hit(sign: str, lines: Iterable[Said], *, lower: float = 0.0) -> Hit | None:
    return next((hit for said in lines for hit in hits(sign, [said], lower=lower)), None)


def _meant(name: str, said: Said, lower: float) -> list[Hit]:
    sign = SIGNS.get(name)
    if sign is None:
        return []
    score, piece = said.meanings.likest(sign.acts)
    return [Hit(said, piece.first, piece.last)] if piece and score >= sign.at_least - lower else []


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


def present(call: Call, sign: str, lines: Sequence[Said], *, tells_agent: bool) -> Verdict:
    """True with the quote where the agent said it, else False with the last line that it was looked for in.

    `tells_agent`: only agents say it, so that it counts where the roles are not known; anything else that was
    found may then have been the caller's.
    """
    if not lines:
        return NO_OCCASION
    hit = first_hit(sign, lines)
    if hit is None:
        return Verdict(False, (lines[-1].quote(),))
    return Verdict(True, (hit.quote(),)) if call.roles_known or tells_agent else NO_OCCASION
