"""Where a session's socket sits: the newest one, or none. What is said goes to it, or to nobody."""

from __future__ import annotations

from sessions.attachment import Attachment
from sessions.figures import SessionFigures
from sessions.protocols.base import Notice


class Seat:
    def __init__(self, figures: SessionFigures) -> None:
        self.attachment: Attachment | None = None
        self._figures = figures

    def say(self, notice: Notice, seq: int | None = None) -> None:
        """`seq`: the number that it has been given already."""
        if self.attachment:
            self.attachment.outbox.put(notice, seq)

    def close(self, code: int, reason: str) -> None:
        """Close the socket after what was said; it keeps its seat until it is gone."""
        if self.attachment:
            self.attachment.outbox.close(code, reason)

    def dismiss(self, code: int, reason: str, *notices: Notice) -> None:
        """Say these, close the socket and free its seat: what it still sends does not count."""
        for notice in notices:
            self.say(notice)
        self.close(code, reason)
        if self.attachment:
            self.count(self.attachment)
            self.attachment = None

    def count(self, attachment: Attachment) -> None:
        """Note what a socket's box left out, before its end or the session's."""
        self._figures.partials_coalesced += attachment.outbox.take_coalesced()
        self._figures.slow_readers += attachment.outbox.take_overflow()
