"""What REST says of a running session beside its rows: the newest partials, and where in its stream it is."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from conversations.live import LiveWords
from conversations.models import Conversation
from sessions.following import READY, state_now
from sessions.models import RealTimeSession
from transcription.models import Segment
from transcription.streaming.meta import StreamMeta


@cache
def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL)


def read_live_words(conversation: Conversation) -> LiveWords | None:
    """None for what is not live. Without Redis there are no partials; finals are in the rows."""
    session = RealTimeSession.objects.filter(
        conversation=conversation, status__in=RealTimeSession.RUNNING
    ).first()
    if session is None:
        return None
    try:
        state = state_now(_redis(), session.session_id)
    except RedisError:
        return LiveWords(None, ())
    bodies = [said.body for said in state.items.values()]
    features: dict[str, bool] = next((body["features"] for body in bodies if body["type"] == READY), {})
    meta = StreamMeta(
        session_id=session.session_id,
        seq=0 if state.seq is None else state.seq + 1,
        features=features,
        start_at=session.connected_at.isoformat(),
    )
    open_segments = (body["segment"] for body in bodies if body["type"] == "partial_segment")
    partials = tuple(Segment.from_json(segment) for segment in open_segments if segment["text"])
    return LiveWords(meta, partials)
