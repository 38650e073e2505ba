"""Live transcription as a library: pure Python, no server, no asyncio (docs/streaming.md)."""

from transcription.models import Segment
from transcription.streaming.analytics import AnalyticsSnapshot, SpeakerAnalytics
from transcription.streaming.config import StreamConfig
from transcription.streaming.core import StreamingCore
from transcription.streaming.events import (
    DecodeRequest,
    EventDetails,
    FinalSegment,
    PartialSegment,
    StreamEvent,
    StreamEventType,
)
from transcription.streaming.meta import StreamingSessionProtocol, StreamMeta
from transcription.streaming.metrics import StreamMetrics
from transcription.streaming.session import StreamingSession
from transcription.streaming.state import StreamState, apply
from transcription.streaming.text_chunks import StreamChunk, StreamSegment
from transcription.streaming.turns import StreamTurn

__all__ = [
    "AnalyticsSnapshot",
    "DecodeRequest",
    "EventDetails",
    "FinalSegment",
    "PartialSegment",
    "Segment",
    "SpeakerAnalytics",
    "StreamChunk",
    "StreamConfig",
    "StreamEvent",
    "StreamEventType",
    "StreamMeta",
    "StreamMetrics",
    "StreamSegment",
    "StreamState",
    "StreamTurn",
    "StreamingCore",
    "StreamingSession",
    "StreamingSessionProtocol",
    "apply",
]
