"""Which stages a run has, what each waits for, and what it cannot do without (contract: terms).

Stages stand in tiers. A stage waits until every stage of the tiers before it has ended, however it ended:
diarization may split segments, so nothing that refers to segments starts before it; the summary reads what
the others found. What a stage cannot do without is another matter: without words nothing can be read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from conversations.models import Conversation, Stage

TIERS: tuple[tuple[Stage, ...], ...] = (
    (Stage.TRANSCRIPTION,),
    (Stage.DIARIZATION,),
    (
        Stage.TRANSLATION,
        Stage.CLEANUP,
        Stage.EMOTION,
        Stage.ENTITIES,
        Stage.CLASSIFICATION,
        Stage.QA,
        Stage.QUALITY,
    ),
    (Stage.SUMMARY,),
    (Stage.INSIGHTS,),
)
ORDER: tuple[Stage, ...] = tuple(stage for tier in TIERS for stage in tier)

NEEDS_AUDIO = frozenset({Stage.TRANSCRIPTION, Stage.DIARIZATION, Stage.EMOTION})
NEEDS_WORDS = frozenset(ORDER) - {Stage.TRANSCRIPTION}

ASKED_BY: Mapping[Stage, str] = {
    Stage.TRANSLATION: "include_translation",
    Stage.CLEANUP: "enhance_llm_cleanup",
    Stage.EMOTION: "enhance_emotions",
    Stage.INSIGHTS: "include_insights",
}
"""Stages that a run has only when its parameters ask for them."""
ONLY = "stages"
"""The run parameter that limits a run to the stages that it names."""

AD_HOC = "ad_hoc"
"""The run parameter of a question that somebody asked: such a run answers it and leaves the conversation what
its last whole run made of it."""
ENGINES = "engines"
"""The run parameter that names other engines than the settings do, by stage."""

TEXT_BRINGS_WORDS = "a text brings its words"
TEXT_HAS_NO_AUDIO = "a text has no audio"
LIVE_WORDS_STAND = "the live words stand: enhancement was not asked for"


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """`skip_reason` is not empty where it is known from the start that the stage has nothing to do."""

    stage: Stage
    skip_reason: str = ""

    @property
    def position(self) -> int:
        return ORDER.index(self.stage)


def plan_run(*, source: str, parameters: Mapping[str, Any]) -> tuple[PlannedStage, ...]:
    """The stages of a run over a conversation from `source` (Conversation.Source), in order.

    `parameters["stages"]`, where given, are the only ones that it has.
    """
    wanted = parameters.get(ONLY, ORDER)
    return tuple(
        PlannedStage(stage, _skip_reason(stage, source, parameters))
        for stage in ORDER
        if stage in wanted and (stage not in ASKED_BY or parameters.get(ASKED_BY[stage]))
    )


def _skip_reason(stage: Stage, source: str, parameters: Mapping[str, Any]) -> str:
    if source == Conversation.Source.TEXT and stage in NEEDS_AUDIO:
        return TEXT_BRINGS_WORDS if stage is Stage.TRANSCRIPTION else TEXT_HAS_NO_AUDIO
    if (
        source == Conversation.Source.LIVE
        and stage is Stage.TRANSCRIPTION
        and not parameters.get("enhance_on_end")
    ):
        return LIVE_WORDS_STAND
    return ""


def with_dependants(stages: Collection[str]) -> tuple[Stage, ...]:
    """The named stages and all that may read what they give, in order."""
    first = min(next(i for i, tier in enumerate(TIERS) if stage in tier) for stage in stages)
    later = {stage for tier in TIERS[first + 1 :] for stage in tier}
    return tuple(stage for stage in ORDER if stage in stages or stage in later)


def waits_for(stage: str) -> frozenset[Stage]:
    """The stages that must have ended, as far as the run has them, before `stage` may start."""
    earlier: list[Stage] = []
    for tier in TIERS:
        if stage in tier:
            return frozenset(earlier)
        earlier.extend(tier)
    raise ValueError(f"no such stage: {stage!r}")
