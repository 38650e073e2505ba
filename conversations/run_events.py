"""What happens in a run, kept for a day in Redis so that whoever comes late or comes back can follow it.

Each event has a number, from 1, that the run counts up. Workers append, web processes read; the rows stay the
truth, and whoever follows a run reads both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from redis import Redis
from redis.asyncio import Redis as AsyncRedis

KEPT_S = 24 * 3600
"""Contract: audio processing, for how long a client may come back."""
MAX_EVENTS = 20_000
"""Of one run. Twelve hours have some ten thousand pieces of transcript; older ones go first."""

# One round trip, and one order whatever worker appends: count, keep, say that there is something.
_APPEND = """
local number = redis.call('INCR', KEYS[2])
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], number .. '-0', 'event', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('EXPIRE', KEYS[2], ARGV[3])
redis.call('PUBLISH', ARGV[4], ARGV[1])
return number
"""

Kind = Literal["stage", "partial", "run"]


@dataclass(frozen=True, slots=True)
class RunEvent:
    """`stage`: a stage has come so far (`status`, `progress` of the whole run, 0..1). `partial`: a piece of
    its result, in `data`. `run`: the run has ended with `status`. `at`: Unix seconds."""

    kind: Kind
    at: float
    stage: str = ""
    status: str = ""
    progress: float | None = None
    data: Mapping[str, Any] | None = None

    def to_json(self, run_id: int) -> dict[str, Any]:
        fields = {"run_id": run_id, "kind": self.kind, "at": self.at, "stage": self.stage}
        return {**fields, "status": self.status, "progress": self.progress, "data": self.data}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> RunEvent:
        return cls(**{name: value for name, value in fields.items() if name != "run_id"})


def run_channel(run_id: int | str) -> str:
    """Pub/sub channel that says each event as it is appended (`*`: a pattern for every run); a courtesy."""
    return f"ambient:run:{run_id}"


def append(redis: Redis, run_id: int, event: RunEvent) -> int:
    """Returns the event's number. Raises RedisError."""
    said = json.dumps(event.to_json(run_id))
    number = redis.eval(
        _APPEND, 2, _events_key(run_id), _counter_key(run_id), said, MAX_EVENTS, KEPT_S, run_channel(run_id)
    )
    return int(number)


async def read_after(redis: AsyncRedis, run_id: int, number: int) -> list[tuple[int, RunEvent]]:
    """The events kept that have a higher number, in order. Raises RedisError."""
    entries: Any = await redis.xrange(_events_key(run_id), min=f"({number}-0")
    return [
        (int(entry_id.partition(b"-")[0]), RunEvent.from_json(json.loads(fields[b"event"])))
        for entry_id, fields in entries
    ]


async def last_number(redis: AsyncRedis, run_id: int) -> int:
    """0 where nothing has happened, or nothing is known of it any more. Raises RedisError."""
    return int(await redis.get(_counter_key(run_id)) or 0)


def _events_key(run_id: int) -> str:
    return f"ambient:run-events:{run_id}"


def _counter_key(run_id: int) -> str:
    return f"ambient:run-events:{run_id}:count"
