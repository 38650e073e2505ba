"""How one process reaches sessions that another one holds: groups and messages on the channel layer."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

ANNOUNCEMENTS = "live.announcements"


def session_group(session_id: str) -> str:
    """The group of whoever holds the session. (64 characters of an id leave room: 99 are allowed.)"""
    return f"session.{session_id}"


def ask_to_end(session_id: str) -> None:
    """From synchronous code. A courtesy: nobody may be there to hear it."""
    layer = get_channel_layer()
    async_to_sync(layer.group_send)(
        session_group(session_id), {"type": "session.end", "session_id": session_id}
    )


def announce(message: str) -> None:
    layer = get_channel_layer()
    async_to_sync(layer.group_send)(ANNOUNCEMENTS, {"type": "announcement", "message": message})
