"""What a stage gets and gives. A stage is a function of its work; it writes nothing before its result is
accepted, so that an attempt that came too late leaves no trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from conversations.models import Conversation, PipelineRun, StageRun
from transcription.analysis.base import Progress, StageEngine
from transcription.engines.base import SpeechEngine


class NothingToDoError(Exception):
    """The stage is skipped; the message says why, for people to read."""


@dataclass(frozen=True, slots=True)
class StageWork:
    """`on_partial`: says a piece of the result (JSON) to whoever follows the run."""

    stage: StageRun
    on_progress: Progress
    on_partial: Callable[[Mapping[str, Any]], None]

    @property
    def run(self) -> PipelineRun:
        return self.stage.run

    @property
    def conversation(self) -> Conversation:
        return self.stage.run.conversation


@dataclass(frozen=True, slots=True)
class StageResult:
    """`output`: JSON as the contract has it. `record` writes the rows that belong to it, called in the
    transaction that ends the stage."""

    output: Any
    engine: StageEngine | SpeechEngine
    record: Callable[[StageRun], None] | None = None
