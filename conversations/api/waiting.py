"""ASGI middleware: a POST that waits for its transcript holds a coroutine, and neither a thread nor a
database connection (`held_answers`). The view answers that the work is accepted and says what its client
waits for; the wait and the real answer follow here.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.urls import reverse

from conversations.api.body_limit import Application, Receive, Scope, Send
from conversations.api.errors import envelope, for_address
from conversations.api.held_answers import Client, without_waiting
from conversations.api.run_watcher import RunWatcher, off_the_loop
from conversations.api.transcription_documents import Rendered, in_common_shape
from conversations.api.transcripts import words_of
from conversations.jobs import JOB_STATUS, error_of, words_number
from conversations.models import PipelineRun

PATH = "/v1/audio/transcriptions"
SCOPE_KEY = "ambient.await_transcript"


@dataclass(frozen=True, slots=True)
class Awaited:
    """What the answer is to be made of once the run has ended."""

    run_id: int
    response_format: str
    granularities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Rendered
    is_final: bool
    """False where asking again would start the work again: clients are told not to."""


class WaitForTranscript:
    def __init__(self, application: Application, *, watcher: RunWatcher | None = None) -> None:
        self._application = application
        self._watcher = watcher or RunWatcher()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != PATH:
            await self._application(scope, receive, send)
            return
        client = Client(receive)
        awaited = await without_waiting(self._application, SCOPE_KEY, scope, client, send)
        if isinstance(awaited, Awaited) and (answer := await self._answer(awaited, client)):
            await _send(send, awaited, answer)

    async def _answer(self, awaited: Awaited, client: Client) -> Answer | None:
        """None where the client went away; the job goes on all the same."""
        ended = asyncio.ensure_future(self._watcher.ended(awaited.run_id))
        gone = asyncio.ensure_future(client.gone())
        try:
            done, _ = await asyncio.wait(
                {ended, gone},
                timeout=settings.AMBIENT.transcription_wait_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            ended.cancel()
            gone.cancel()
        if ended in done:
            return await off_the_loop(partial(answer_of, awaited))
        return None if gone in done else _too_long(awaited)


def answer_of(awaited: Awaited) -> Answer:
    """Of a run that has ended. Queries the database."""
    run = (
        PipelineRun.objects.select_related("conversation")
        .prefetch_related("stages")
        .filter(pk=awaited.run_id)
        .first()
    )
    if run is None:
        return _error(404, "not_found", "This transcription was erased.", awaited)
    status, number = JOB_STATUS[run.status], words_number(run)
    if status == "completed" and number is not None:
        words = words_of(run.conversation, number)
        rendered = in_common_shape(
            words, response_format=awaited.response_format, granularities=awaited.granularities
        )
        return Answer(200, rendered, is_final=True)
    if status == "cancelled":
        return _error(409, "conflict", "This transcription was cancelled.", awaited)
    return _error(500, "transcription_failed", f"The transcription failed. {error_of(run) or ''}", awaited)


def _too_long(awaited: Awaited) -> Answer:
    message = f"Transcription {awaited.run_id} is not done yet; it goes on, and can be asked for by its id."
    return _error(504, "timeout", message, awaited)


def _error(status: int, code: str, message: str, awaited: Awaited) -> Answer:
    job_id = str(awaited.run_id)
    body = {"id": job_id, **envelope(code, message.strip(), {"id": job_id})}
    return Answer(
        status, Rendered(json.dumps(for_address(PATH, status, body)).encode(), "application/json"), False
    )


async def _send(send: Send, awaited: Awaited, answer: Answer) -> None:
    headers = {
        "content-type": answer.body.content_type,
        "content-length": str(len(answer.body.content)),
        "location": reverse("transcription", kwargs={"job_id": awaited.run_id}),
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
    await send({"type": "http.response.body", "body": answer.body.content})
