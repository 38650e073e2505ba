"""What a client hears when its session goes on elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from sessions.protocols.base import Failed, Notice
from sessions.speaking import Speaker


@dataclass(frozen=True, slots=True)
class Farewell:
    """`code` and `reason` close the socket. `comes_back`: it is the client who is to go on elsewhere."""

    code: int
    reason: str
    message: str
    comes_back: bool

    def notice(self, speaker: Speaker) -> Notice:
        return speaker.restarting(self.message) if self.comes_back else Failed(self.reason, self.message)


TAKEN_OVER = Farewell(4409, "replaced", "A newer socket has taken the session over.", comes_back=False)
RESTARTING = Farewell(
    1012, "restarting", "This server restarts; connect again to go on with the session.", comes_back=True
)
