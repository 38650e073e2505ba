"""A call as the quality rules see it: the agent's lines, the caller's lines, and what each is like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from transcription.analysis.base import Evidence, Talk
from transcription.analysis.meaning.encoder import Embeddings
from transcription.analysis.meaning.learning import Learnt
from transcription.analysis.quality.acts import NO_MEANING, Acts, Meanings, pieces_of
from transcription.analysis.quotes import quote
from transcription.analysis.roles import guess_agent
from transcription.models import Segment, Turn
from transcription.semantic.line import Line, line_of

# So few sentences tell no side.
_FEWEST_PIECES = 4
# Between caller and agent, on the conversations of five authors (bench/pipeline), 0.05 or more in 97 of 100.
_CLEAR_LEAD = 0.05
Encode = Callable[[Sequence[str]], Embeddings]


@dataclass(frozen=True, slots=True)
class Said:
    """One segment, its place in the call, its words as rules read them, and what they are like."""

    index: int
    segment: Segment
    line: Line
    meanings: Meanings = NO_MEANING

    def quote(self) -> Evidence:
        return quote(self.segment)


@dataclass(frozen=True, slots=True)
class Call:
    """`agent_id` None: who the agent is could not be told; then `agent` and `caller` are both everybody.

    Of several others the caller is who said most; a third voice (a colleague put on the line) is in `others`.
    """

    agent_id: str | None
    agent: tuple[Said, ...]
    caller: tuple[Said, ...]
    turns: tuple[Turn, ...]
    others: tuple[Said, ...] = ()

    @property
    def roles_known(self) -> bool:
        return self.agent_id is not None

    @property
    def lines(self) -> tuple[Said, ...]:
        if not self.roles_known:
            return self.agent
        return tuple(sorted([*self.agent, *self.caller], key=lambda said: said.index))


def call_of(talk: Talk, acts: Acts, encode: Encode) -> Call:
    """The call in a talk; empty segments are left out."""
    lines = [
        Said(index, segment, line)
        for index, segment in enumerate(talk.segments)
        if (line := line_of(segment.text)).tokens
    ]
    read = _Read(lines, encode)
    agent_id = talk.agent_speaker_id or guess_agent(talk.segments) or read.who_serves(acts.serving)
    if agent_id is None or not any(said.segment.speaker_id == agent_id for said in lines):
        everybody = read.heard(lines, acts.agent)
        return Call(None, everybody, everybody, talk.turns)
    words = _words_by_speaker(lines)
    del words[agent_id]
    caller_id = max(words, key=lambda speaker: words[speaker], default=None)
    ours = [said for said in lines if said.segment.speaker_id == agent_id]
    theirs = [said for said in lines if words and said.segment.speaker_id == caller_id]
    others = tuple(said for said in lines if said.segment.speaker_id not in (agent_id, caller_id))
    return Call(agent_id, read.heard(ours, acts.agent), read.heard(theirs, acts.caller), talk.turns, others)


class _Read:
    """The pieces of all lines with their vectors."""

    def __init__(self, lines: Sequence[Said], encode: Encode) -> None:
        self._lines = lines
        self._pieces = {said.index: pieces_of(said.line) for said in lines}
        vectors = encode([piece.text for pieces in self._pieces.values() for piece in pieces])
        ends = np.cumsum([len(pieces) for pieces in self._pieces.values()])
        self._vectors = dict(zip(self._pieces, np.split(vectors, ends[:-1]) if lines else (), strict=True))

    def heard(self, lines: Iterable[Said], learnt: Learnt) -> tuple[Said, ...]:
        """The lines with what each is like."""
        return tuple(replace(said, meanings=self._meanings(said.index, learnt)) for said in lines)

    def _meanings(self, index: int, learnt: Learnt) -> Meanings:
        vectors = self._vectors[index]
        return Meanings(learnt.classes, self._pieces[index], vectors, learnt.scores(vectors))

    def who_serves(self, serving: Learnt) -> str | None:
        """Of the two who say most, whose lines are more like an agent's; None where too little tells."""
        means: dict[str, float] = {}
        for speaker, _ in _words_by_speaker(self._lines).most_common(2):
            theirs = [self._vectors[said.index] for said in self._lines if said.segment.speaker_id == speaker]
            if speaker is not None and sum(map(len, theirs)) >= _FEWEST_PIECES:
                means[speaker] = float(serving.scores(np.concatenate(theirs)).mean())
        if len(means) < 2:
            return None
        first, second = sorted(means, key=lambda speaker: -means[speaker])
        return first if means[first] - means[second] >= _CLEAR_LEAD else None


def _words_by_speaker(lines: Iterable[Said]) -> Counter[str | None]:
    words: Counter[str | None] = Counter()
    for said in lines:
        words[said.segment.speaker_id] += len(said.line.tokens)
    return words
