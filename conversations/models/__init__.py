"""Rows of this room, one concept a file."""

from conversations.models.access import ApiKey
from conversations.models.access_log import AccessRecord
from conversations.models.catalogue import Question, QuestionSet, Taxonomy, TaxonomyLabel
from conversations.models.conversation import Conversation, Segment, Speaker, Version
from conversations.models.findings import Answer, Entity
from conversations.models.idempotency import IdempotentRequest
from conversations.models.runs import PipelineRun, Stage, StageRun, WorkStatus
from conversations.models.unclaimed import UnclaimedFile
from conversations.models.waveform import Waveform

__all__ = [
    "AccessRecord",
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
    "Waveform",
    "WorkStatus",
]
