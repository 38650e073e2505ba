"""Which path speaks which protocol."""

from __future__ import annotations

from typing import Any

from channels.routing import URLRouter
from django.urls import re_path

from sessions.consumers import LiveConsumer
from sessions.protocols.transcribe import TranscribeCodec
from sessions.protocols.transcription_stream import TranscriptionStreamCodec
from sessions.starting import SegmentStreamConsumer
from sessions.watching import watch


class TranscribeConsumer(LiveConsumer):
    codec_class = TranscribeCodec


class TranscriptionStreamConsumer(LiveConsumer):
    codec_class = TranscriptionStreamCodec


async def nobody(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """A path that no protocol has: the handshake is refused (403)."""
    await receive()
    await send({"type": "websocket.close"})


websocket_urlpatterns = [
    # Any session id is let in here, so that a wrong one is refused with its reason.
    re_path(r"^ws/transcribe(?:/(?P<session_id>[^/]*))?/?$", TranscribeConsumer.as_asgi()),
    re_path(r"^v1/audio/transcriptions/stream/?$", TranscriptionStreamConsumer.as_asgi()),
    re_path(r"^ws/stream/?$", SegmentStreamConsumer.as_asgi()),
    re_path(r"^ws/sessions/(?P<session_id>[^/]*)/watch/?$", watch),  # type: ignore[arg-type]
    re_path(r"", nobody),  # type: ignore[arg-type]  # an ASGI application, as URLRouter wants
]
websocket_application = URLRouter(websocket_urlpatterns)
