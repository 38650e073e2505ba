"""A POST that waits for its transcript, through Django and the middleware in front of it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import User
from django.core.asgi import get_asgi_application
from django.db import OperationalError, connections
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from conversations.api.run_watcher import RunWatcher
from conversations.api.waiting import WaitForRun
from conversations.models import PipelineRun
from conversations.services.access import create_key
from conversations.services.runs import cancel_run
from tests.conversations.test_intake import wav
from tests.conversations.test_transcriptions import WORDS, end

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/v1/audio/transcriptions"
PATIENCE_S = 20.0
WITH_WORDS: dict[str, Any] = {"response_format": "verbose_json", "timestamp_granularities[]": "word"}
OTHER_THREADS = 3
"""The watcher's two, and the one that a test's own queries go through."""


@pytest.fixture
def key(transactional_db: None) -> str:
    return create_key(owner=User.objects.create_user("owner"), name="test", scopes=["write"])[1]


@pytest.fixture(autouse=True)
def _connections() -> Iterator[None]:
    yield
    connections.close_all()


def posting(key: str, *, wait: bool = True, **fields: Any) -> Any:
    """A POST on its way, its body handed over."""
    file = BytesIO(wav())
    file.name = "call.wav"
    body = encode_multipart(BOUNDARY, {"file": file, **fields})
    headers = [
        (b"host", b"localhost"),
        (b"authorization", f"Bearer {key}".encode()),
        (b"content-type", MULTIPART_CONTENT.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    if not wait:
        headers.append((b"prefer", b"wait=10, respond-async"))
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": PATH,
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "scheme": "http",
    }
    application: Any = WaitForRun(get_asgi_application())
    communicator = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]
    communicator.input_queue.put_nowait({"type": "http.request", "body": body})
    return communicator


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await is_so():  # noqa: ASYNC110 - rows and threads have no event to await
            await asyncio.sleep(0.02)


async def started(number: int = 1) -> list[PipelineRun]:
    """The runs of so many POSTs, once they are there."""

    async def are_there() -> bool:
        return await PipelineRun.objects.acount() >= number

    await until(are_there)
    return [run async for run in PipelineRun.objects.select_related("conversation")]


async def answer(communicator: Any) -> tuple[int, dict[str, str], bytes]:
    start = await communicator.receive_output(timeout=PATIENCE_S)
    body = await communicator.receive_output(timeout=PATIENCE_S)
    await communicator.wait(timeout=PATIENCE_S)
    headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return start["status"], headers, body["body"]


async def test_the_answer_is_the_transcript(key: str) -> None:
    """Whoever may write gets the words of what was sent, once the run is over, and where the job is."""
    communicator = posting(key, **WITH_WORDS)
    sending = asyncio.create_task(answer(communicator))
    [run] = await started()
    await sync_to_async(end)(run)
    status, headers, body = await sending
    said = json.loads(body)
    assert (status, headers["location"]) == (200, f"{PATH}/{run.pk}")
    assert said["text"] == " ".join(WORDS)
    assert " ".join(word["word"] for word in said["words"]) == said["text"]
    assert "segments" not in said


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [(RuntimeError("no model"), 500, "transcription_failed"), (None, 409, "conflict")],
)
async def test_what_comes_to_nothing_says_so_and_is_not_to_be_repeated(
    key: str, fault: Exception | None, status: int, code: str
) -> None:
    """A failed or cancelled job is an error with its id, and tells clients that retry not to."""
    sending = asyncio.create_task(answer(posting(key)))
    [run] = await started()
    if fault:
        await sync_to_async(end)(run, transcription=fault)
    else:
        await sync_to_async(cancel_run)(run_id=run.pk)
    status_given, headers, body = await sending
    error = json.loads(body)["error"]
    assert (status_given, error["code"], error["details"]["id"]) == (status, code, str(run.pk))
    assert headers["x-should-retry"] == "false"


async def test_what_takes_too_long_is_504_with_the_job(key: str, settings: Any) -> None:
    """After the setting's time the answer names the job, which goes on."""
    settings.AMBIENT = replace(settings.AMBIENT, transcription_wait_s=0.2)
    status, headers, body = await answer(posting(key))
    [run] = await started()
    said = json.loads(body)
    assert (status, said["id"], said["error"]["code"]) == (504, str(run.pk), "timeout")
    assert (said["error"]["type"], headers["x-should-retry"]) == ("server_error", "false")
    assert run.status == "pending"


async def test_who_prefers_not_to_wait_is_answered_at_once(key: str) -> None:
    """202, among other preferences too."""
    status, headers, body = await answer(posting(key, wait=False))
    assert (status, headers["preference-applied"]) == (202, "respond-async")
    assert json.loads(body)["status"] == "pending"


async def test_a_refusal_passes_through(key: str) -> None:
    """What starts nothing is answered as Django answers it."""
    status, _, body = await answer(posting("wrong"))
    assert (status, json.loads(body)["error"]["type"]) == (401, "authentication_error")


async def test_a_wait_holds_neither_thread_nor_connection(key: str) -> None:
    """While ten wait, no thread of theirs is left, nor the connection that Django would keep in it."""
    before = threading.active_count()
    waiting = [posting(key) for _ in range(10)]
    answers = [asyncio.create_task(answer(communicator)) for communicator in waiting]
    runs = await started(len(waiting))

    async def have_given_back() -> bool:
        return threading.active_count() <= before + OTHER_THREADS

    await until(have_given_back)
    for run in runs:
        await sync_to_async(end)(run)
    assert [status for status, _, _ in await asyncio.gather(*answers)] == [200] * len(waiting)


async def test_a_client_that_goes_away_ends_its_wait(key: str) -> None:
    """Nothing is sent any more, and the job goes on."""
    communicator = posting(key)
    waiting = asyncio.create_task(communicator.wait(timeout=PATIENCE_S))
    [run] = await started()
    await communicator.send_input({"type": "http.disconnect"})
    await waiting
    assert communicator.output_queue.empty()
    await run.arefresh_from_db()
    assert run.status == "pending"


async def test_one_look_serves_all_and_outlives_a_lost_database() -> None:
    """Many waits for many runs share each look; a look that fails is made again; the last one out ends it."""
    looks: list[set[int]] = []

    def look(run_ids: Collection[int]) -> set[int]:
        looks.append(set(run_ids))
        if len(looks) == 1:
            raise OperationalError("restarting")
        return {1} if len(looks) == 2 else set(run_ids)

    watcher = RunWatcher(look)
    await asyncio.wait_for(asyncio.gather(*(watcher.ended(n) for n in (1, 1, 2, 3))), PATIENCE_S)
    assert looks == [{1, 2, 3}, {1, 2, 3}, {2, 3}]
    given_up = asyncio.create_task(watcher.ended(4))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait({given_up})
    assert given_up.cancelled()
    assert watcher.is_idle
