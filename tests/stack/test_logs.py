"""What the real processes write into their logs of those who come to them: no key, no token, no query."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from ambient.stack.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
WRONG = ("wrong.in-a-header", "wrong.in-a-subprotocol", "wrong-in-a-query")


def test_no_key_and_no_query_is_logged(stack: Stack, api: httpx.Client) -> None:
    """Right and wrong credentials wherever they may stand, over REST and sockets, for addresses that are
    there and that are not: the logs of all processes have the paths, and nothing of the rest."""
    before = {path: path.stat().st_size for path in logs(stack)}
    answer = api.post("/tokens", json={"scope": "read", "ttl": 60}).raise_for_status()
    token = answer.json()["token"]
    statuses = [
        httpx.get(f"{stack.address}/api/v1/conversations", params={"token": token, "search": "sought"}),
        httpx.get(f"{stack.address}/api/v1/conversations?token={WRONG[2]}"),
        httpx.get(f"{stack.address}/api/v1/conversations", headers={"Authorization": f"Bearer {WRONG[0]}"}),
        httpx.get(
            f"{stack.address}/api/v1/nothing?token={token}", headers={"Authorization": f"Bearer {stack.key}"}
        ),
    ]
    assert [answer.status_code for answer in statuses] == [200, 401, 401, 404]
    asyncio.run(knock(stack, token))
    logged = "".join(path.read_text()[before.get(path, 0) :] for path in logs(stack))
    assert "GET /api/v1/conversations" in logged
    for secret in (stack.key, stack.key.partition(".")[2], token, *WRONG, "token=", "sought"):
        assert secret not in logged


async def knock(stack: Stack, token: str) -> None:
    """On sockets, with each kind of credentials."""
    url = stack.address.replace("http", "ws", 1)
    for path, offered in (
        (f"/ws/transcribe?token={token}", ["ambient"]),
        (f"/ws/transcribe?token={WRONG[2]}", ["ambient"]),
        ("/ws/transcribe", ["ambient", f"ambient.{WRONG[1]}"]),
        ("/ws/sessions/none/watch", ["ambient", f"ambient.{stack.key}"]),
        (f"/ws/nothing?token={token}", ["ambient"]),
    ):
        with suppress(ConnectionClosed, InvalidHandshake):
            async with connect(url + path, subprotocols=[Subprotocol(name) for name in offered]) as socket:
                await socket.recv()
                await socket.send(json.dumps({"type": "end_session"}))


def logs(stack: Stack) -> list[Path]:
    return sorted((stack.conf.home / "log").glob("*.log"))
