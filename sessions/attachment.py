"""One socket on a session: what it sends counts until a newer one is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sessions.endings import END_OF_CLIENT
from sessions.limits import FloodRule, LagRule
from sessions.outbox import Outbox
from sessions.protocols.base import Heard, Notice

if TYPE_CHECKING:
    from sessions.live import LiveSession


class Attachment:
    """`outbox`: what waits for this socket's reader. `flood`: what it has sent, against the clock.
    `lag`: the rule by which its protocol gives a session up; None where it does not."""

    def __init__(self, session: LiveSession, flood: FloodRule, number: Callable[[int], int]) -> None:
        self.session = session
        self.outbox = Outbox(number=number)
        self.flood = flood
        self.lag: LagRule | None = None

    @property
    def is_current(self) -> bool:
        return self.session.attachment is self

    def feed(self, data: bytes) -> bool:
        """Whether the bytes were taken."""
        return self.is_current and self.session.feed(data)

    def feed_silence(self, length: int) -> None:
        """As if so much silence had come, a little at a time: a flood of it ends like any other."""
        for frame in self.session.transcriber.meter.silence(length):
            if not self.feed(frame):
                return

    def flush(self) -> None:
        """What came so far becomes final."""
        if self.is_current:
            self.session.transcriber.flush()

    def clear(self) -> None:
        """What came so far and is not final is forgotten."""
        if self.is_current:
            self.session.transcriber.clear()

    def sent(self, notice: Notice, sent_at: float) -> None:
        """The frames of a notice have gone out."""
        if isinstance(notice, Heard) and notice.is_final:
            self.session.speaker.note_sent(notice, sent_at)

    def end(self) -> None:
        """An orderly end, asked for by the client."""
        if self.is_current:
            self.session.end(END_OF_CLIENT)

    async def detach(self) -> None:
        """The socket is gone. Returns when what it brought is on the disk and the rows say so."""
        await self.session.detach(self)
