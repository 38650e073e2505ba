"""What a model is given of a talk, and what is believed of its answer: what the transcript bears out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pydantic import BaseModel

from transcription.analysis.base import Evidence, Talk
from transcription.analysis.quotes import quote
from transcription.analysis.text import tokens, words_of
from transcription.llm_utils import render_segment_for_llm
from transcription.models import Segment

MAX_CHARS = 40_000
"""Of talk in one request: about 10,000 tokens, which the windows of today's open models take with room for
the answer. The option `max_chars` replaces it."""


class Claim(BaseModel):
    """A statement with where the talk says so."""

    segment_id: int
    quote: str


class Statement(Claim):
    text: str


def talk_windows(talk: Talk, max_chars: int) -> Iterator[Talk]:
    """The talk in pieces of whole segments of at most `max_chars` as rendered; at least one segment each."""
    piece: list[Segment] = []
    used = 0
    for segment in talk.segments:
        length = len(rendered((segment,))) + 1
        if piece and used + length > max_chars:
            yield replace(talk, segments=tuple(piece))
            piece, used = [], 0
        piece.append(segment)
        used += length
    if piece:
        yield replace(talk, segments=tuple(piece))


def rendered(segments: Sequence[Segment]) -> str:
    """`#7 [00:12.3] SPEAKER_00: what was said`, a line each; nothing that is said can pass for a line."""
    return "\n".join(f"#{segment.id} {render_segment_for_llm(segment)}" for segment in segments)


def evidence_for(claim: Claim, segments: Sequence[Segment]) -> Evidence | None:
    """The quote as it stands in the transcript: in the segment that was named, else in any; None where nobody
    said it. Case, accents and punctuation do not count, the words and their order do."""
    wanted = words_of(claim.quote)
    if not wanted:
        return None
    for segment in sorted(segments, key=lambda segment: segment.id != claim.segment_id):
        said = tokens(segment.text)
        for begin in range(len(said) - len(wanted) + 1):
            if [token.folded for token in said[begin : begin + len(wanted)]] == wanted:
                return quote(segment, said[begin].start, said[begin + len(wanted) - 1].end)
    return None
