"""ASGI middleware: no request body may grow past what is taken, and strangers may send hardly any.

Django takes a whole body in before a view is asked, so what a view says comes too late to save the disk.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from conversations.api.errors import envelope, for_address
from conversations.services.uploads import MAX_UPLOAD_BYTES

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]

MAX_BODY_BYTES = MAX_UPLOAD_BYTES + 1024 * 1024
"""The largest file and the form around it."""
MAX_STRANGERS_BODY_BYTES = 1024 * 1024
"""Without credentials in sight: a sign-in form, or a small mistake that deserves its proper answer."""


class BodyLimit:
    """Answers 413 (401 to strangers) as soon as a body is announced or found to be too long."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        headers = dict(scope["headers"])
        known = shows_credentials(scope, headers)
        limit_bytes = MAX_BODY_BYTES if known else MAX_STRANGERS_BODY_BYTES
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > limit_bytes:
            await _refuse(send, scope["path"], known=known)
            return
        counter = _Counter(receive, send, limit_bytes)
        await self._application(scope, counter.receive, counter.send)
        if counter.is_over and not counter.has_answered:
            await _refuse(send, scope["path"], known=known)


def shows_credentials(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    """Whether there is anything that could be a key, a token or a session; what it is worth is seen later."""
    return (
        b"authorization" in headers
        or b"sessionid=" in headers.get(b"cookie", b"")
        or b"token=" in scope.get("query_string", b"")
    )


class _Counter:
    """Between server and application: past the limit the client has, for the application, gone away."""

    def __init__(self, receive: Receive, send: Send, limit_bytes: int) -> None:
        self._receive, self._send = receive, send
        self._left_bytes = limit_bytes
        self.is_over = False
        self.has_answered = False

    async def receive(self) -> Message:
        if self.is_over:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._left_bytes -= len(message.get("body", b""))
        if self._left_bytes < 0:
            self.is_over = True
            return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        self.has_answered = True
        await self._send(message)


async def _refuse(send: Send, path: str, *, known: bool) -> None:
    status, body = (
        (413, envelope("payload_too_large", "The request body is too large."))
        if known
        else (401, envelope("not_authenticated", "A body of this size needs an API key."))
    )
    content = json.dumps(for_address(path, status, body)).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"connection", b"close"),  # the rest of the body is not waited for
    ]
    if not known:
        headers.append((b"www-authenticate", b'Bearer realm="ambient"'))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
