"""Who talks how much and how, computed from the turns so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from transcription.streaming.turns import StreamTurn


@dataclass(frozen=True, slots=True)
class SpeakerAnalytics:
    """One speaker's figures; seconds. Under `speaker_id` None stands what nobody was named for: how much was
    said is known of it, but how many people took how many turns is not, and those figures are None.

    `talk_ratio`: of all the talk, 0..1; None where nothing said has a length. `longest_monologue_s`: the
    longest turn, its pauses included. `question_turns`: turns in which something is asked.
    """

    speaker_id: str | None
    total_talk_time_s: float
    talk_ratio: float | None
    num_turns: int | None
    avg_turn_duration_s: float | None
    longest_monologue_s: float | None
    interruptions_initiated: int | None
    interruptions_received: int | None
    question_turns: int | None

    def to_json(self) -> dict[str, Any]:
        """Under the names of the wire, times to the millisecond."""
        return {
            "speaker_id": self.speaker_id,
            "total_talk_time": round(self.total_talk_time_s, 3),
            "talk_ratio": _rounded(self.talk_ratio, 4),
            "num_turns": self.num_turns,
            "avg_turn_duration": _rounded(self.avg_turn_duration_s, 3),
            "longest_monologue": _rounded(self.longest_monologue_s, 3),
            "interruptions_initiated": self.interruptions_initiated,
            "interruptions_received": self.interruptions_received,
            "question_turns": self.question_turns,
        }


@dataclass(frozen=True, slots=True)
class AnalyticsSnapshot:
    """All figures at one moment. `turns_final`: they will not change any more."""

    speakers: tuple[SpeakerAnalytics, ...]
    turns: tuple[StreamTurn, ...]
    turns_final: bool

    @property
    def details(self) -> dict[str, Any]:
        """What an `analytics_snapshot` event carries."""
        return {
            "speakers": self.speakers,
            "turns": self.turns,
            "completeness": {"turns_final": self.turns_final},
        }

    @classmethod
    def of_details(cls, details: Mapping[str, Any]) -> AnalyticsSnapshot:
        return cls(details["speakers"], details["turns"], details["completeness"]["turns_final"])

    def to_json(self) -> dict[str, Any]:
        return {
            "speakers": [speaker.to_json() for speaker in self.speakers],
            "turns": [turn.to_json() for turn in self.turns],
            "completeness": {"turns_final": self.turns_final},
        }


def snapshot_of(turns: Sequence[StreamTurn], *, ended: bool) -> AnalyticsSnapshot:
    """The figures of these turns. They are final once the stream has ended and every turn is final."""
    return AnalyticsSnapshot(
        speaker_analytics(turns), tuple(turns), ended and not any(turn.partial for turn in turns)
    )


def speaker_analytics(turns: Sequence[StreamTurn]) -> tuple[SpeakerAnalytics, ...]:
    """Figures by speaker, in order of their first turn."""
    speakers = dict.fromkeys(turn.speaker_id for turn in turns)
    all_talk_s = sum(turn.talk_time_s for turn in turns)
    return tuple(_of_speaker(speaker_id, turns, all_talk_s) for speaker_id in speakers)


def _of_speaker(speaker_id: str | None, turns: Sequence[StreamTurn], all_talk_s: float) -> SpeakerAnalytics:
    own = [turn for turn in turns if turn.speaker_id == speaker_id]
    talk_s = sum(turn.talk_time_s for turn in own)
    ratio = talk_s / all_talk_s if all_talk_s > 0 else None
    if speaker_id is None:
        return SpeakerAnalytics(None, talk_s, ratio, None, None, None, None, None, None)
    return SpeakerAnalytics(
        speaker_id=speaker_id,
        total_talk_time_s=talk_s,
        talk_ratio=ratio,
        num_turns=len(own),
        avg_turn_duration_s=sum(turn.duration_s for turn in own) / len(own),
        longest_monologue_s=max(turn.duration_s for turn in own),
        interruptions_initiated=sum(turn.interrupts for turn in own),
        interruptions_received=sum(
            after.interrupts for turn, after in pairwise(turns) if turn.speaker_id == speaker_id
        ),
        question_turns=sum(turn.asks for turn in own),
    )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
