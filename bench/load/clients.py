"""The clients of a load test, in a process of their own: `python -m bench.load.clients` reads its orders as
JSON from standard input and writes what every session got, as a pickle, to the path that they name.

Each client sends its frames by the clock, whatever the server does, and notes when messages came. Nothing is
read into them before all is over, so that the clients take as little of the shared processors as they can.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from bench.load.talk import FRAME_S, Talk, conversation, reading

PATIENCE_S = 60.0
"""For the last words, after the last frame."""


@dataclass(frozen=True, slots=True)
class Orders:
    """`address`: of the socket. Sessions begin one after the other over `ramp_s` and all end `steady_s` after
    the last has begun."""

    address: str
    key: str
    sessions: int
    ramp_s: float
    steady_s: float
    result: str
    reads: bool = False

    def talk(self, number: int) -> Talk:
        """What client `number` says."""
        duration_s = self.ramp_s * (1 - number / self.sessions) + self.steady_s
        return (reading if self.reads else conversation)(number, duration_s)


@dataclass(slots=True)
class Took:
    """One session. Times are of one monotonic clock, the same in all processes of the machine.
    `late_s`: the most that a frame went out after its time."""

    number: int
    started_s: float = 0.0
    sent_s: list[float] = field(default_factory=list)
    messages: list[tuple[float, str]] = field(default_factory=list)
    close_code: int | None = None
    failure: str = ""
    late_s: float = 0.0


async def speak(socket: ClientConnection, talk: Talk, took: Took) -> None:
    sounds = talk.sounds()
    took.started_s = started = time.monotonic()
    for index, sound in enumerate(sounds):
        due = started + (index + 1) * FRAME_S
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        now = time.monotonic()
        took.late_s = max(took.late_s, now - due)
        took.sent_s.append(now)
        await socket.send(sound)
    await socket.send(json.dumps({"type": "session_info"}))
    await socket.send(json.dumps({"type": "end_session"}))


async def hold(orders: Orders, number: int, begin_s: float) -> Took:
    took = Took(number)
    talk = orders.talk(number)
    await asyncio.sleep(begin_s - time.monotonic())
    try:
        async with connect(
            orders.address,
            additional_headers={"Authorization": f"Bearer {orders.key}"},
            compression=None,
            ping_interval=None,
            max_size=None,
            open_timeout=PATIENCE_S,
        ) as socket:
            took.messages.append((time.monotonic(), str(await socket.recv())))
            speaking = asyncio.create_task(speak(socket, talk, took))
            try:
                async with asyncio.timeout(talk.duration_s + PATIENCE_S):
                    async for raw in socket:
                        took.messages.append((time.monotonic(), str(raw)))
            finally:
                speaking.cancel()
            took.close_code = socket.close_code
    except (OSError, TimeoutError, WebSocketException, ConnectionClosed) as error:
        took.failure = f"{type(error).__name__}: {error}"
    return took


async def run(orders: Orders) -> list[Took]:
    begin_s = time.monotonic() + 0.5
    step_s = orders.ramp_s / orders.sessions
    return await asyncio.gather(
        *(hold(orders, number, begin_s + number * step_s) for number in range(orders.sessions))
    )


def main() -> None:
    orders = Orders(**json.load(sys.stdin))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        took = runner.run(run(orders))
    Path(orders.result).write_bytes(pickle.dumps([asdict(session) for session in took]))


if __name__ == "__main__":
    main()
