"""The stages of the pipeline, a file each; `STAGES` says which function does which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from conversations.models import Stage
from tasks.stages import (
    classification,
    cleanup,
    diarization,
    emotion,
    entities,
    insights,
    qa,
    quality,
    summary,
    transcription,
    translation,
)
from tasks.stages.base import NothingToDoError, StageResult, StageWork

__all__ = ["STAGES", "NothingToDoError", "StageResult", "StageWork"]

STAGES: Mapping[str, Callable[[StageWork], StageResult]] = MappingProxyType(
    {
        Stage.TRANSCRIPTION: transcription.run,
        Stage.DIARIZATION: diarization.run,
        Stage.TRANSLATION: translation.run,
        Stage.CLEANUP: cleanup.run,
        Stage.EMOTION: emotion.run,
        Stage.ENTITIES: entities.run,
        Stage.CLASSIFICATION: classification.run,
        Stage.QA: qa.run,
        Stage.QUALITY: quality.run,
        Stage.SUMMARY: summary.run,
        Stage.INSIGHTS: insights.run,
    }
)
"""By stage id."""
