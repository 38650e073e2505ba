"""The numbers of what a session says: one `seq` a message, for whoever reads it, wherever."""

from __future__ import annotations

from collections.abc import Sequence

from sessions.feed import Feed
from sessions.protocols.stream_bodies import Body


class Numbering:
    def __init__(self, feed: Feed, session_id: str) -> None:
        self._feed = feed
        self._session_id = session_id
        self._next_seq = 1  # 0 is for a reader's ready

    def publish(self, bodies: Sequence[Body]) -> None:
        """To whoever follows the session, on any process."""
        self._feed.publish(self._session_id, self._next_seq, bodies)
        self._next_seq += len(bodies)
