"""Server-sent events of `/audio/*` (contract: audio processing).

As in `waiting`, the view answers and is done, so that a stream of minutes holds neither a thread nor a
database connection; the stream follows from here. An event is one block of exactly `data: {json}`, and its id
goes ahead as a block of its own: many readers split on blank lines and parse what follows `data: `.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from django.conf import settings

from conversations.api.body_limit import Application, Receive, Scope, Send
from conversations.api.held_answers import Client, without_waiting
from conversations.api.run_follower import RunFollower
from conversations.api.run_watcher import RunWatcher, off_the_loop
from conversations.api.task_documents import result_json, stage_output
from conversations.audio_tasks import TASK_STATUS, failed_stages, message_of, processing_s, step_name
from conversations.cancelling import cancel_all
from conversations.jobs import error_of
from conversations.models import PipelineRun, StageRun
from conversations.run_events import RunEvent

SCOPE_KEY = "ambient.stream_run"
PREFIX = "/audio/"
HEARTBEAT_S = 10.0
PIECES = {"transcription": "transcription_partial", "translation": "translation_partial"}
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]

Detail = Literal["steps", "realtime"]
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Streamed:
    """`after`: the number of the last event that the client has; None: it has none. `submitted`: what the
    first event says beside its task."""

    run_id: int
    detail: Detail
    after: int | None
    submitted: Body


class EventStreams:
    """ASGI middleware ahead of Django."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._follower: RunFollower | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._application(scope, receive, send)
            return
        client = Client(receive)
        streamed = await without_waiting(self._application, SCOPE_KEY, scope, client, send)
        if isinstance(streamed, Streamed):
            if self._follower is None:
                self._follower = RunFollower(RunWatcher())
            await self._stream(streamed, self._follower, client, send)

    async def _stream(self, streamed: Streamed, follower: RunFollower, client: Client, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        gone = asyncio.ensure_future(client.gone())
        sending = asyncio.ensure_future(_send_all(streamed, follower, send))
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancel_all([gone, sending])


async def _send_all(streamed: Streamed, follower: RunFollower, send: Send) -> None:
    async with aclosing(blocks(streamed, follower)) as said:
        async for block in said:
            await send({"type": "http.response.body", "body": block.encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def blocks(streamed: Streamed, follower: RunFollower) -> AsyncGenerator[str]:
    """The stream as text; its last event is terminal, whatever happened to the run."""
    began = time.monotonic()
    task: Body = {"task_id": str(streamed.run_id)}
    after = streamed.after or 0
    if streamed.after is None:
        yield _block(0, {**task, "status": "submitted", **streamed.submitted, **_now()})
    following = follower.follow(
        streamed.run_id, after=after, heartbeat_s=HEARTBEAT_S, limit_s=settings.AMBIENT.stream_timeout_s
    )
    try:
        async with aclosing(following) as news:
            async for item in news:
                said = {**task, "status": "PROCESSING"}
                elapsed = {"elapsed_time": round(time.monotonic() - began, 3)}
                if item is None:
                    yield _block(None, {**said, "heartbeat": True, **elapsed, **_now()})
                    continue
                after, event = item
                if (body := await _body(streamed, event)) is not None:
                    yield _block(after, {**said, **body, **elapsed, **_now(event)})
    except TimeoutError:
        elapsed_s = round(time.monotonic() - began, 3)
        error = "The task goes on; ask for its events again."
        body = {"status": "timeout", "error": error, "elapsed_time": elapsed_s, **_now()}
        yield _block(None, {**task, **_stepped(streamed, body)})
        return
    body = await off_the_loop(partial(terminal, streamed.run_id))
    yield _block(after + 1, {**task, **_stepped(streamed, body), **_now()})


async def _body(streamed: Streamed, event: RunEvent) -> Body | None:
    """What one event is to this reader; None where it is nothing."""
    step = step_name(event.stage)
    progress = None if event.progress is None else round(100 * event.progress)
    realtime = streamed.detail == "realtime"
    if event.kind == "partial":
        piece = PIECES.get(event.stage)
        is_shown = realtime and piece is not None
        return {"step": piece, "progress": progress, "partial_result": event.data} if is_shown else None
    if realtime and event.status == StageRun.Status.SUCCEEDED:
        output = await off_the_loop(partial(_output_of, streamed.run_id, event.stage))
        return {"step": f"{step}_complete", "progress": progress, "partial_result": output}
    if realtime and event.status == StageRun.Status.FAILED:
        error = await off_the_loop(partial(_error_of, streamed.run_id, event.stage))
        return {"step": f"{step}_error", "progress": progress, "error": error}
    return {"progress": progress, "step": step, "message": f"{step}: {event.status}"}


def terminal(run_id: int) -> Body:
    """How a run ended. Queries the database."""
    runs = PipelineRun.objects.select_related("conversation").prefetch_related("stages")
    run = runs.filter(pk=run_id).first()
    if run is None:
        return {"status": "failed", "error": "It was erased.", "processing_time": None, "message": "Erased."}
    status = TASK_STATUS[run.status]
    body: Body = {"status": status, "processing_time": processing_s(run), "message": message_of(run)}
    if status == "completed":
        body["result"] = result_json(run)
        if failed := failed_stages(run):
            body["failed_stages"] = failed
    else:
        body["error"] = error_of(run) or message_of(run)
    return body


def _stepped(streamed: Streamed, body: Body) -> Body:
    return {"step": body["status"], **body} if streamed.detail == "realtime" else body


def _output_of(run_id: int, stage: str) -> Any:
    run = PipelineRun.objects.select_related("conversation").filter(pk=run_id).first()
    return None if run is None else stage_output(run, stage)


def _error_of(run_id: int, stage: str) -> str:
    row = StageRun.objects.filter(run_id=run_id, name=stage).first()
    return (row.error if row else "") or "The stage failed."


def _now(event: RunEvent | None = None) -> Body:
    return {"timestamp": round(event.at if event else time.time(), 3)}


def _block(number: int | None, body: Body) -> str:
    data = f"data: {json.dumps(body, ensure_ascii=False)}\n\n"
    return data if number is None else f"id: {number}\n\n{data}"
