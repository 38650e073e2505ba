"""Live transcription as a library: pure Python, no server, no asyncio (docs/streaming.md)."""

from transcription.models import Segment
from transcription.streaming.config import StreamConfig
from transcription.streaming.core import StreamingCore
from transcription.streaming.events import (
    DecodeRequest,
    FinalSegment,
    PartialSegment,
    StreamEvent,
    StreamEventType,
)
from transcription.streaming.meta import StreamingSessionProtocol, StreamMeta
from transcription.streaming.session import StreamingSession
from transcription.streaming.state import StreamState, apply
from transcription.streaming.text_chunks import StreamChunk, StreamSegment

__all__ = [
    "DecodeRequest",
    "FinalSegment",
    "PartialSegment",
    "Segment",
    "StreamChunk",
    "StreamConfig",
    "StreamEvent",
    "StreamEventType",
    "StreamMeta",
    "StreamSegment",
    "StreamState",
    "StreamingCore",
    "StreamingSession",
    "StreamingSessionProtocol",
    "apply",
]
