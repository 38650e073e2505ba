"""Turns: consecutive segments of one speaker, out of segments that are final.

Every final segment belongs to one turn. A turn is open until a segment of another speaker is final, or the
stream ends; so a speaker who is not sure yet (a partial) never closes one. Where nobody tells speakers apart,
`speaker_id` is None and such a run of segments is one turn of nobody in particular.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from transcription.models import Segment, join_text
from transcription.semantic.asking import question_at
from transcription.semantic.line import line_of

OVERLAP_S = 0.5
"""Less talk at once than this is how turns change hands (Heldner & Edlund 2010, "Pauses, gaps and overlaps in
conversations": most overlaps are shorter)."""
BACKCHANNEL_S = 1.0
"""A shorter turn over another's is listening aloud ("mm-hm"), not an interruption."""
LATCHED_S = 0.2
"""The usual gap between turns (Stivers et al. 2009, PNAS 106). Who starts sooner after a word that the
transcript marks as broken off has broken it off."""
_BROKEN_OFF = ("-", "–", "—")


@dataclass(frozen=True, slots=True)
class StreamTurn:
    """The latest revision of a turn; with `partial` False it never changes again.

    `talk_time_s`: its segments' lengths together, pauses between them left out. `asks`: a question is asked
    in it. `interrupts`: it began by breaking into the turn before it.
    """

    id: int
    speaker_id: str | None
    start_s: float
    end_s: float
    segment_ids: tuple[int, ...]
    text: str
    revision: int = 0
    partial: bool = True
    talk_time_s: float = 0.0
    asks: bool = False
    interrupts: bool = False

    @property
    def start(self) -> float:
        return self.start_s

    @property
    def end(self) -> float:
        return self.end_s

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "speaker_id": self.speaker_id,
            "start": round(self.start_s, 3),
            "end": round(self.end_s, 3),
            "segment_ids": list(self.segment_ids),
            "text": self.text,
            "partial": self.partial,
            "revision": self.revision,
        }


class TurnTracker:
    """The turns of one session."""

    def __init__(self) -> None:
        self._closed: list[StreamTurn] = []
        self._open: StreamTurn | None = None
        self._overlapped = False  # the open turn began while the one before it was still going on

    @property
    def turns(self) -> tuple[StreamTurn, ...]:
        """All turns, in order; only the last may be open."""
        return (*self._closed, *([self._open] if self._open else []))

    def add(self, segment: Segment) -> tuple[StreamTurn, ...]:
        """One more final segment, in order of id. The turns that it changed: one closed at most, one open."""
        current = self._open
        if current is not None and current.speaker_id == segment.speaker_id:
            self._open = self._extended(current, segment)
            return (self._open,)
        closed = self.close()
        before = closed[0] if closed else None
        self._open = self._opened(before, segment)
        return (*closed, self._open)

    def close(self) -> tuple[StreamTurn, ...]:
        """The open turn, if any, as final."""
        if self._open is None:
            return ()
        final = replace(self._open, partial=False, revision=self._open.revision + 1)
        self._closed.append(final)
        self._open = None
        return (final,)

    def _opened(self, before: StreamTurn | None, segment: Segment) -> StreamTurn:
        broke_off = False
        self._overlapped = False
        if before is not None and before.speaker_id is not None and segment.speaker_id is not None:
            gap_s = segment.start_s - before.end_s
            self._overlapped = -gap_s >= OVERLAP_S
            broke_off = gap_s <= LATCHED_S and before.text.endswith(_BROKEN_OFF)
        return StreamTurn(
            id=len(self._closed),
            speaker_id=segment.speaker_id,
            start_s=segment.start_s,
            end_s=segment.end_s,
            segment_ids=(segment.id,),
            text=segment.text,
            talk_time_s=segment.end_s - segment.start_s,
            asks=_asks(segment.text),
            interrupts=broke_off or self._overlaps(segment.end_s - segment.start_s),
        )

    def _extended(self, turn: StreamTurn, segment: Segment) -> StreamTurn:
        end_s = max(turn.end_s, segment.end_s)
        return replace(
            turn,
            end_s=end_s,
            segment_ids=(*turn.segment_ids, segment.id),
            text=join_text((turn.text, segment.text), segment.language),
            revision=turn.revision + 1,
            talk_time_s=turn.talk_time_s + segment.end_s - segment.start_s,
            asks=turn.asks or _asks(segment.text),
            interrupts=turn.interrupts or self._overlaps(end_s - turn.start_s),
        )

    def _overlaps(self, duration_s: float) -> bool:
        return self._overlapped and duration_s >= BACKCHANNEL_S


def _asks(text: str) -> bool:
    return question_at(line_of(text)) is not None
