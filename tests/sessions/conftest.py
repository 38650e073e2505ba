"""A real server with real sockets, PostgreSQL and Redis, in a thread of the test's process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from django.contrib.auth import get_user_model

from ambient.asgi import application
from conversations.services.access import create_key
from sessions import hub as hubs
from tests.sessions.support import ClockReader, LoudnessSpeech


@dataclass(frozen=True)
class LiveServer:
    url: str
    loop: asyncio.AbstractEventLoop
    hub: hubs.Hub


def make_key(name: str = "speaker", scopes: tuple[str, ...] = ("live", "read"), **options: Any) -> str:
    owner, _ = get_user_model().objects.get_or_create(username=name)
    return create_key(owner=owner, name=name, scopes=scopes, **options)[1]


@pytest.fixture
def key(transactional_db: None) -> str:
    return make_key()


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    """A place for recordings of this test's own."""
    settings.AMBIENT = replace(settings.AMBIENT, media_root=tmp_path)
    return tmp_path


@pytest.fixture
def objects(settings: Any) -> None:
    """A storage that is no file system."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }


@pytest.fixture
def in_memory(settings: Any, media: Path) -> None:
    """AMBIENT_JOURNAL=memory."""
    settings.AMBIENT = replace(settings.AMBIENT, journal="memory")


@pytest.fixture
def worker() -> Iterator[ClockReader]:
    reader = ClockReader()
    reader.start()
    yield reader
    reader.stop()


@pytest.fixture
def server(transactional_db: None, media: Path) -> Iterator[LiveServer]:
    """What a test changes in the settings it must change before it asks for this."""
    with serving() as running:
        yield running


@pytest.fixture
def other_server(server: LiveServer) -> Iterator[LiveServer]:
    """A second one of the same installation: it shares database, Redis and recordings, and no memory."""
    with serving() as running:
        yield running


@contextmanager
def serving(app: Any = application, **options: Any) -> Iterator[LiveServer]:
    """A web server on a loop, and so with a hub, of its own. `options`: uvicorn's."""
    config = uvicorn.Config(
        app,
        port=0,
        ws="websockets-sansio",
        lifespan="off",
        log_level="warning",
        ws_max_size=4 * 1024 * 1024,
        **options,
    )
    web = uvicorn.Server(config)
    ready = threading.Event()
    made: dict[str, Any] = {}

    async def serve() -> None:
        made["loop"] = asyncio.get_running_loop()
        made["hub"] = hubs.install(hubs.Hub(make_speech=LoudnessSpeech))
        serving = asyncio.create_task(web.serve())
        while not web.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        made["port"] = web.servers[0].sockets[0].getsockname()[1]
        ready.set()
        await serving
        await hubs.shut_down()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(20)
    yield LiveServer(f"ws://127.0.0.1:{made['port']}", made["loop"], made["hub"])
    web.should_exit = True
    thread.join(20)
    assert not thread.is_alive()
