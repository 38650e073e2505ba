"""How a session may end, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass

from sessions.models import RealTimeSession

Status = RealTimeSession.Status


@dataclass(frozen=True, slots=True)
class Ending:
    """`status` and `reason` go into the row and onto the wire, `message` to whoever reads it.
    `drains`: what was accepted is transcribed first; else the pipeline does it, from the recording."""

    status: str
    reason: str
    message: str
    close_code: int = 1000
    drains: bool = True


END_OF_CLIENT = Ending(Status.COMPLETED, "end_session", "The session has ended.")
END_BY_OPERATOR = Ending(Status.TERMINATED, "ended_by_operator", "An operator has ended the session.")
END_BY_DURATION = Ending(
    Status.TERMINATED, "max_duration", "The session has reached the longest duration that is allowed here."
)
END_BY_FLOOD = Ending(Status.TERMINATED, "rate_limit", "Audio came faster than it may.")
END_BY_LAG = Ending(
    Status.TERMINATED,
    "lag_exceeded",
    "The transcript is too far behind; the audio is kept, and transcribed as a whole.",
    close_code=4010,
    drains=False,
)
END_BY_ABSENCE = Ending(Status.INTERRUPTED, "client_vanished", "The client did not come back.")
END_BY_FAULT = Ending(Status.INTERRUPTED, "internal_error", "Something broke on our side.")
END_BY_ERASURE = Ending(Status.TERMINATED, "erased", "The conversation of this session was erased.")
