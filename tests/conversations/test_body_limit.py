"""Bodies that are too long are refused before they are taken in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application

from conversations.api import body_limit
from conversations.api.body_limit import BodyLimit

AUTH = (b"authorization", b"Bearer nonsense")


def request(*headers: tuple[bytes, bytes], path: str = "/api/v1/uploads", query: bytes = b"") -> Any:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "query_string": query,
        "headers": [(b"host", b"localhost"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "scheme": "http",
    }
    return ApplicationCommunicator(BodyLimit(get_asgi_application()), scope)  # type: ignore[no-untyped-call]


async def answer(communicator: Any) -> tuple[int, dict[str, Any]]:
    start = await communicator.receive_output(timeout=10)
    body = await communicator.receive_output(timeout=10)
    return start["status"], json.loads(body["body"])["error"]


async def test_an_announced_length_is_answered_before_a_byte_is_read() -> None:
    """With a key 413, without one 401; nothing of the body was asked for."""
    for headers, status in (((AUTH,), 413), ((), 401)):
        communicator = request(*headers, (b"content-length", b"1048576000"))
        assert (await answer(communicator))[0] == status


@pytest.mark.parametrize(
    ("headers", "status", "code"), [((AUTH,), 413, "payload_too_large"), ((), 401, "not_authenticated")]
)
async def test_a_body_of_unknown_length_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, headers: tuple[Any, ...], status: int, code: str
) -> None:
    """A chunked body that grows past the limit is answered there and then."""
    monkeypatch.setattr(body_limit, "MAX_BODY_BYTES", 10_000)
    monkeypatch.setattr(body_limit, "MAX_STRANGERS_BODY_BYTES", 10_000)
    communicator = request(*headers)
    for _ in range(3):
        await communicator.send_input({"type": "http.request", "body": bytes(4000), "more_body": True})
    status_given, error = await answer(communicator)
    assert (status_given, error["code"]) == (status, code)


async def test_what_is_within_the_limit_is_none_of_its_business() -> None:
    """A small request without a key gets the API's own answer."""
    communicator = request(
        (b"content-length", b"2"), (b"content-type", b"application/json"), path="/api/v1/tokens"
    )
    await communicator.send_input({"type": "http.request", "body": b"{}"})
    status, error = await answer(communicator)
    assert (status, error["code"]) == (401, "not_authenticated")
