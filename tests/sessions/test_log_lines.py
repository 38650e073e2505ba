"""What is logged of a session says of which: for whoever looks for all lines of one."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from logging.config import dictConfig

import pytest

from ambient.logs import logging_settings
from tests.sessions.conftest import LiveServer
from tests.sessions.support import ClockReader, silence, speech
from tests.sessions.test_transcribe_socket import opened, rest, say


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the product's own handler writes of the module that drives sessions."""
    stream = io.StringIO()
    given = logging_settings("INFO")
    given["handlers"]["stderr"]["stream"] = stream
    given["loggers"] = {"sessions.transcriber": {"handlers": ["stderr"], "level": "INFO"}}
    del given["root"]
    dictConfig({**given, "incremental": False})
    yield stream
    logging.getLogger("sessions.transcriber").handlers.clear()


async def test_each_line_has_its_session(
    server: LiveServer, worker: ClockReader, key: str, lines: io.StringIO
) -> None:
    """Deep inside of a session, and with another one beside it."""
    worker.faults = ["engine_failed", "engine_failed"]
    for session_id in ("one", "two"):
        async with opened(server, key, f"/ws/transcribe/{session_id}") as socket:
            await say(socket, speech(2) + silence(1))
            await socket.send('{"type":"end_session"}')
            await rest(socket)
    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert logged
    for line in logged:
        assert line["session_id"] in line["event"]
