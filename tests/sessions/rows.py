"""Rows of live sessions for tests that speak to no socket."""

from __future__ import annotations

from django.contrib.auth import get_user_model

from conversations.models import Conversation
from sessions.models import RealTimeSession
from transcription.audio.formats import AudioFormat


def make_session(session_id: str, audio_format: AudioFormat | None = None) -> RealTimeSession:
    """One that runs, of an owner named speaker."""
    stream = audio_format or AudioFormat()
    owner, _ = get_user_model().objects.get_or_create(username="speaker")
    conversation = Conversation.objects.create(owner=owner, source="live", session_id=session_id)
    return RealTimeSession.objects.create(
        session_id=session_id,
        owner=owner,
        conversation=conversation,
        protocol="transcribe",
        encoding=stream.encoding,
        sample_rate_hz=stream.sample_rate_hz,
        channels=stream.channels,
    )
