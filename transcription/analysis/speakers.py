"""Whose words these are: words get their speaker by time, segments are split where the speaker changes.

Pure functions over `models`; nothing here knows how the turns were found.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice, pairwise

from transcription.analysis.introductions import introduced_names
from transcription.models import Segment, Turn, Word, join_text

__all__ = [
    "SpeakerStatistics", "assign_speakers", "introduced_names", "speaker_statistics", "turns_from_segments",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class SpeakerStatistics:
    """One speaker's share of a conversation. `talk_ratio`: of all the talk, 0..1; None where nobody's talk
    has a length. `num_turns`: how often this speaker took the word from another, or began."""

    label: str
    total_talk_time_s: float
    talk_ratio: float | None
    num_turns: int


class _Timeline:
    """Turns by time, for asking who spoke during a span."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = sorted(turns, key=lambda turn: (turn.start_s, turn.end_s))
        # Ends never fall, so that turns that overlap are found by bisection too.
        self._reach: list[float] = []
        for turn in self._turns:
            self._reach.append(max(turn.end_s, self._reach[-1] if self._reach else turn.end_s))

    def speaker(self, start_s: float, end_s: float) -> str | None:
        """Who spoke most during the span; where nobody did, the speaker of the nearest turn."""
        shared: dict[str, float] = {}
        nearest: tuple[float, str] | None = None
        # From the turn that ended last before the span: none before it overlaps or is nearer.
        before = max(0, bisect_left(self._reach, start_s) - 1)
        for turn in islice(self._turns, bisect_left(self._reach, self._reach[before]), None):
            overlap_s = min(end_s, turn.end_s) - max(start_s, turn.start_s)
            if overlap_s > 0:
                shared[turn.speaker_id] = shared.get(turn.speaker_id, 0.0) + overlap_s
            elif nearest is None or -overlap_s < nearest[0]:
                nearest = (-overlap_s, turn.speaker_id)
            if turn.start_s >= end_s:
                break
        if shared:
            return max(shared, key=lambda speaker: shared[speaker])
        return nearest[1] if nearest else None


def assign_speakers(segments: Sequence[Segment], turns: Sequence[Turn]) -> tuple[Segment, ...]:
    """The segments with their speakers: each word's is who spoke most during it, or the nearest turn's.

    A segment whose words have several speakers becomes several, each from its first word to its last; its
    own first start and last end are kept. What was measured over the whole segment (log-probability, …)
    stays with each part. Ids count anew from 0 in the given order. A segment without words goes to who spoke
    most during it. Without turns the speakers that there were stay.
    """
    if not turns:
        return tuple(replace(segment, id=number) for number, segment in enumerate(segments))
    timeline = _Timeline(turns)
    parts = [part for segment in segments for part in _split(segment, timeline)]
    return tuple(replace(part, id=number) for number, part in enumerate(parts))


def _split(segment: Segment, timeline: _Timeline) -> Iterator[Segment]:
    if not segment.words:
        yield replace(segment, speaker_id=timeline.speaker(segment.start_s, segment.end_s))
        return
    words = [replace(word, speaker_id=timeline.speaker(word.start_s, word.end_s)) for word in segment.words]
    runs = [(speaker, tuple(run)) for speaker, run in groupby(words, key=lambda word: word.speaker_id)]
    if len(runs) == 1:
        yield replace(segment, speaker_id=runs[0][0], words=runs[0][1])
        return
    texts = _texts_of_runs(segment, [run for _, run in runs])
    for number, ((speaker, run), text) in enumerate(zip(runs, texts, strict=True)):
        yield replace(
            segment,
            start_s=segment.start_s if number == 0 else run[0].start_s,
            end_s=segment.end_s if number == len(runs) - 1 else run[-1].end_s,
            text=text,
            speaker_id=speaker,
            words=run,
        )


def _texts_of_runs(segment: Segment, runs: Sequence[tuple[Word, ...]]) -> list[str]:
    """The segment's text cut where the runs begin, if its words are found in it in order, which keeps its
    punctuation; else the words joined."""
    cuts: list[int] = []
    position = 0
    for run in runs:
        for index, word in enumerate(run):
            found = segment.text.find(word.text.strip(), position)
            if found < 0 or any(map(str.isalnum, segment.text[position:found])):
                return [join_text((word.text for word in run), segment.language) for run in runs]
            if index == 0:
                cuts.append(found)
            position = found + len(word.text.strip())
    edges = [0, *cuts[1:], len(segment.text)]
    return [segment.text[start:end].strip() for start, end in pairwise(edges)]


def turns_from_segments(segments: Sequence[Segment]) -> tuple[Turn, ...]:
    """Consecutive segments of one speaker as one turn; one without a speaker ends a turn and makes none."""
    turns: list[Turn] = []
    for speaker, group in groupby(segments, key=lambda segment: segment.speaker_id):
        members = list(group)
        if speaker is not None:
            end_s = max(segment.end_s for segment in members)
            turns.append(Turn(speaker, members[0].start_s, end_s))
    return tuple(turns)


def speaker_statistics(spoken: Sequence[Turn] | Sequence[Segment]) -> tuple[SpeakerStatistics, ...]:
    """Talk time, share and turns of each speaker, in order of first speech.

    `spoken`: turns or segments in order; what has no speaker is left out. Pauses between them count for
    nobody, and do not begin a turn of the same speaker anew.
    """
    known = [(item.speaker_id, item.end_s - item.start_s) for item in spoken if item.speaker_id is not None]
    talk_s: dict[str, float] = {}
    for speaker, duration_s in known:
        talk_s[speaker] = talk_s.get(speaker, 0.0) + max(0.0, duration_s)
    taken = [speaker for speaker, _ in groupby(known, key=lambda item: item[0])]
    total_s = sum(talk_s.values())
    return tuple(
        SpeakerStatistics(
            label=speaker,
            total_talk_time_s=duration_s,
            talk_ratio=duration_s / total_s if total_s > 0 else None,
            num_turns=taken.count(speaker),
        )
        for speaker, duration_s in talk_s.items()
    )
