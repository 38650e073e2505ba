"""What an utterance asks of whoever works it off."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class WorkflowType(StrEnum):
    QUESTION = "question"
    ACTION_ITEM = "action_item"
    DECISION = "decision"
    GENERAL = "general"


_WORKFLOWS: Mapping[str, WorkflowType] = MappingProxyType(
    {
        "question": WorkflowType.QUESTION,
        "clarification": WorkflowType.QUESTION,
        "action_item": WorkflowType.ACTION_ITEM,
        "commitment": WorkflowType.ACTION_ITEM,
        "decision": WorkflowType.DECISION,
        "agreement": WorkflowType.DECISION,
    }
)


def route_to_workflow(intent: str) -> WorkflowType:
    """The workflow for an intent (`transcription.semantic.INTENTS`). GENERAL for all others, and for the
    intents of a classifier of one's own."""
    return _WORKFLOWS.get(intent, WorkflowType.GENERAL)
