"""Rows of this room."""

from sessions.models.chunk import RealTimeTranscriptChunk
from sessions.models.metrics import RealTimeSessionMetrics
from sessions.models.session import RealTimeSession

__all__ = ["RealTimeSession", "RealTimeSessionMetrics", "RealTimeTranscriptChunk"]
