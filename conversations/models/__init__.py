"""Rows of this room, one concept a file."""

from conversations.models.access import ApiKey
from conversations.models.catalogue import Question, QuestionSet, Taxonomy, TaxonomyLabel
from conversations.models.conversation import Conversation, Segment, Speaker, Version
from conversations.models.findings import Answer, Entity
from conversations.models.idempotency import IdempotentRequest
from conversations.models.runs import PipelineRun, Stage, StageRun, WorkStatus
from conversations.models.unclaimed import UnclaimedFile

__all__ = [
    "Answer",
    "ApiKey",
    "Conversation",
    "Entity",
    "IdempotentRequest",
    "PipelineRun",
    "Question",
    "QuestionSet",
    "Segment",
    "Speaker",
    "Stage",
    "StageRun",
    "Taxonomy",
    "TaxonomyLabel",
    "UnclaimedFile",
    "Version",
    "WorkStatus",
]
