"""A view that answers at once and has the rest done outside Django.

Django keeps a thread for each request until it is answered, and a database connection with it. So a view that
has to wait says in the scope what for; its own answer is dropped, Django is done, and the middleware that
called it goes on with a coroutine alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conversations.api.body_limit import Application, Message, Receive, Scope, Send


class Client:
    """The receiving side of a request. That its client has gone comes once, and Django listens for it too:
    here it is remembered."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_gone = False

    async def __call__(self) -> Message:
        message = await self._receive()
        self._is_gone = self._is_gone or message["type"] == "http.disconnect"
        return message

    async def gone(self) -> None:
        """Returns when the client has gone."""
        while not self._is_gone:
            await self()


async def without_waiting(
    application: Application, key: str, scope: Scope, client: Client, send: Send
) -> Any | None:
    """Call the application; what its view said under `key` (`later`), whose answer is then dropped. None: it
    said nothing, and its answer was sent."""
    said: list[Any] = []

    async def pass_on(message: Message) -> None:
        if not said:  # a view says it before it answers
            await send(message)

    await application({**scope, key: said.append}, client, pass_on)
    return said[0] if said else None


def later(scope: Scope, key: str) -> Callable[[Any], Any] | None:
    """For a view: where to say what is to be done after it; None where no middleware stands before it."""
    return scope.get(key)
