"""ASGI middleware: a POST that waits for its run holds a coroutine, and neither a thread nor a
database connection (`held_answers`). The view answers that the work is accepted and says what its client
waits for; the wait and the real answer follow here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from conversations.api.body_limit import Application, Receive, Scope, Send
from conversations.api.held_answers import Client, without_waiting
from conversations.api.run_watcher import RunWatcher, off_the_loop

SCOPE_KEY = "ambient.await_run"


@dataclass(frozen=True, slots=True)
class Answer:
    """`is_final`: False where asking again would start the work again; clients are told not to."""

    status: int
    content: bytes
    content_type: str
    location: str
    is_final: bool


@dataclass(frozen=True, slots=True)
class Awaited:
    """`ended`, `too_long`: make the answer, when the run has ended and when that was not waited for any
    longer; called off the loop, they may query the database."""

    run_id: int
    wait_s: float
    ended: Callable[[], Answer]
    too_long: Callable[[], Answer]


class WaitForRun:
    def __init__(self, application: Application, *, watcher: RunWatcher | None = None) -> None:
        self._application = application
        self._watcher = watcher or RunWatcher()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._application(scope, receive, send)
            return
        client = Client(receive)
        awaited = await without_waiting(self._application, SCOPE_KEY, scope, client, send)
        if isinstance(awaited, Awaited) and (answer := await self._answer(awaited, client)):
            await _send(send, answer)

    async def _answer(self, awaited: Awaited, client: Client) -> Answer | None:
        """None where the client went away; the job goes on all the same."""
        ended = asyncio.ensure_future(self._watcher.ended(awaited.run_id))
        gone = asyncio.ensure_future(client.gone())
        try:
            done, _ = await asyncio.wait(
                {ended, gone},
                timeout=awaited.wait_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            ended.cancel()
            gone.cancel()
        if gone in done and ended not in done:
            return None
        return await off_the_loop(awaited.ended if ended in done else awaited.too_long)


async def _send(send: Send, answer: Answer) -> None:
    headers = {
        "content-type": answer.content_type,
        "content-length": str(len(answer.content)),
        "location": answer.location,
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
    }
    if not answer.is_final:
        headers["x-should-retry"] = "false"
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": answer.content})
