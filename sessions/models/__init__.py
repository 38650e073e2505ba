"""Rows of this room."""

from sessions.models.chunk import RealTimeTranscriptChunk
from sessions.models.journal_part import JournalPart
from sessions.models.metrics import RealTimeSessionMetrics
from sessions.models.session import RealTimeSession

__all__ = ["JournalPart", "RealTimeSession", "RealTimeSessionMetrics", "RealTimeTranscriptChunk"]
