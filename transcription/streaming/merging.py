"""Segments of several channels as those of one session: in order of start, the finals too.

Across the channels the rule of one core holds: only the oldest utterance that is not final is shown. Whoever
talks over it is heard and decoded meanwhile, and shown when that one is final. So no id has ever to be
changed, finals come in order of id, and a transcript is its finals in the order in which they came.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from transcription.streaming.events import FinalSegment, PartialSegment

Said: TypeAlias = PartialSegment | FinalSegment
NEVER_AGAIN_S = math.inf
"""Where more begins in a channel whose stream has ended."""


def channel_speaker(channel: int) -> str:
    """The speaker that a channel is (contract: websocket)."""
    return f"CHANNEL_{channel}"


@dataclass(slots=True)
class _Held:
    """What a channel has said and nobody was shown: finals, then the latest of what is open."""

    finals: deque[tuple[FinalSegment, int | None]] = field(default_factory=deque)
    partial: tuple[PartialSegment, int | None] | None = None


class SegmentMerge:
    """`segment_id`, `revision`: what the first segment gets. No segment starts before the one with the id
    before it: of two that began within a pre-roll of each other, the start of the second may be put off."""

    def __init__(self, channels: int, *, segment_id: int = 0, revision: int = 0) -> None:
        self._held = [_Held() for _ in range(channels)]
        self._shown_by: int | None = None  # the channel whose open segment has the id now
        self._segment_id = segment_id
        self._revision = revision
        self._started_s = 0.0  # where the newest segment with an id begins

    def take(self, channel: int, said: Said, request_id: int | None) -> None:
        """A segment of a channel, in the order of that channel's core."""
        held = self._held[channel]
        if isinstance(said, FinalSegment):
            held.finals.append((said, request_id))
            held.partial = None
        elif said.text or self._shown_by == channel:
            held.partial = (said, request_id)
        else:
            held.partial = None  # taken back before anybody saw it

    def release(self, settled_s: Sequence[float]) -> list[tuple[Said, int | None]]:
        """What may be shown now, with the decode that it came of. `settled_s`: by channel, before where
        nothing more will begin; NEVER_AGAIN_S where its stream has ended."""
        released: list[tuple[Said, int | None]] = []
        while (channel := self._next(settled_s)) is not None:
            held = self._held[channel]
            if held.finals:
                final, request_id = held.finals.popleft()
                released.append((self._final(channel, final), request_id))
            elif held.partial is not None:
                (partial, request_id), held.partial = held.partial, None
                released.append((self._partial(channel, partial), request_id))
            else:
                break
        return released

    def covered_until(self, samples: Sequence[int]) -> int:
        """The first sample that something not shown as final may still be about; `samples`: by channel, what
        its core says of that."""
        return min([*samples, *(final.covers_until_sample for h in self._held for final, _ in h.finals)])

    def clear(self) -> None:
        """Forget what was held back: nobody has seen it."""
        for held in self._held:
            held.finals.clear()
            held.partial = None

    def _next(self, settled_s: Sequence[float]) -> int | None:
        """The channel whose turn it is, if it has something to show."""
        if self._shown_by is not None:
            return self._shown_by
        earliest_s = [
            held.finals[0][0].segment.start_s if held.finals else settled_s[channel]
            for channel, held in enumerate(self._held)
        ]
        channel = min(range(len(earliest_s)), key=earliest_s.__getitem__)
        held = self._held[channel]
        return channel if held.finals or held.partial else None

    def _final(self, channel: int, final: FinalSegment) -> FinalSegment:
        start_s = min(max(final.segment.start_s, self._started_s), max(final.segment.end_s, self._started_s))
        segment = replace(
            final.segment,
            id=self._segment_id,
            speaker_id=channel_speaker(channel),
            start_s=start_s,
            end_s=max(final.segment.end_s, start_s),
        )
        said = replace(final, segment=segment, revision=self._revision)
        self._started_s = start_s
        self._segment_id += 1
        self._revision = 0
        self._shown_by = None
        return said

    def _partial(self, channel: int, partial: PartialSegment) -> PartialSegment:
        start_s = max(partial.start_s, self._started_s)
        shown = replace(
            partial,
            id=self._segment_id,
            speaker_id=channel_speaker(channel),
            start_s=start_s,
            end_s=max(partial.end_s, start_s),
            revision=self._revision,
        )
        self._revision += 1
        self._shown_by = channel if partial.text else None
        return shown
