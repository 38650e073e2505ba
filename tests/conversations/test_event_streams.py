"""The events of a run, as a reader of the stream gets them, with real rows and a real Redis."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections
from redis import Redis

from conversations import run_events
from conversations.api import event_streams
from conversations.api.event_streams import Streamed, blocks
from conversations.api.run_follower import RunFollower
from conversations.api.run_watcher import RunWatcher
from conversations.models import Conversation, PipelineRun
from conversations.run_events import RunEvent
from conversations.services import runs
from conversations.services.runs import start_run
from tests.conversations.test_audio_tasks import finish

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 30.0
Said = list[tuple[str | None, dict[str, Any]]]


@pytest.fixture(autouse=True)
def _connections() -> Any:
    yield
    connections.close_all()


@pytest.fixture
def redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL)


@pytest.fixture
async def follower() -> AsyncIterator[RunFollower]:
    follower = RunFollower(RunWatcher())
    yield follower
    await follower.aclose()


@pytest.fixture
def run(transactional_db: None) -> PipelineRun:
    owner = User.objects.create_user("owner")
    conversation = Conversation.objects.create(
        owner=owner, source=Conversation.Source.UPLOAD, title="call.wav", duration_s=1.0
    )
    return start_run(conversation_id=conversation.pk, parameters={})


def parsed(text: str) -> Said:
    """As the simple loop reads it: split on blank lines, parse what follows `data: `; and the ids."""
    said: Said = []
    number: str | None = None
    for block in text.split("\n\n"):
        if block.startswith("data: "):
            said.append((number, json.loads(block[len("data: ") :])))
            number = None
        elif block.startswith("id: "):
            number = block[len("id: ") :]
        else:
            assert block == "", f"neither an id nor data: {block!r}"
    return said


async def read(
    follower: RunFollower, run: PipelineRun, *, detail: Any = "steps", after: int | None = None
) -> Said:
    said = ""
    async with asyncio.timeout(PATIENCE_S):
        async with aclosing(blocks(Streamed(run.pk, detail, after, {}), follower)) as stream:
            async for block in stream:
                said += block
    return parsed(said)


async def until(stream: AsyncGenerator[str], is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first event of a stream for which this is so."""
    async with asyncio.timeout(PATIENCE_S):
        async for block in stream:
            for _, event in parsed(block):
                if is_it(event):
                    return event
    raise AssertionError("the stream ended before it")


def stage_event(stage: str, status: str, progress: float = 0.5) -> RunEvent:
    return RunEvent("stage", 1.0, stage=stage, status=status, progress=progress)


async def test_who_comes_late_gets_everything_and_one_end(
    follower: RunFollower, run: PipelineRun, redis: Redis
) -> None:
    """All that was said before, in order and numbered, then exactly one terminal event with the result."""
    run_events.append(redis, run.pk, stage_event("transcription", "running", 0.1))
    run_events.append(redis, run.pk, stage_event("entities", "succeeded", 0.9))
    await sync_to_async(finish)(run)
    run_events.append(redis, run.pk, RunEvent("run", 2.0, status="completed"))
    said = await read(follower, run)
    assert [number for number, _ in said] == ["0", "1", "2", "3"]
    assert [event["status"] for _, event in said] == ["submitted", "PROCESSING", "PROCESSING", "completed"]
    assert [event.get("step") for _, event in said[1:3]] == ["transcription", "entity_extraction"]
    assert said[1][1]["progress"] == 10
    assert said[3][1]["result"]["transcription"] == "my name is grace"
    assert all(event["task_id"] == str(run.pk) and event["timestamp"] for _, event in said)


async def test_who_comes_back_gets_what_was_missed(
    follower: RunFollower, run: PipelineRun, redis: Redis
) -> None:
    """After Last-Event-ID come the events that followed it, and no greeting."""
    for progress in (0.1, 0.2, 0.3):
        run_events.append(redis, run.pk, stage_event("transcription", "running", progress))
    await sync_to_async(finish)(run)
    said = await read(follower, run, after=2)
    assert [(n, e["status"]) for n, e in said] == [("3", "PROCESSING"), ("4", "completed")]


async def test_what_comes_is_said_as_it_comes(follower: RunFollower, run: PipelineRun, redis: Redis) -> None:
    """A reader that waits gets a new event while the stream is open, and the end when the run ends."""
    async with aclosing(blocks(Streamed(run.pk, "steps", None, {}), follower)) as stream:
        await until(stream, lambda event: event["status"] == "submitted")
        waiting = asyncio.create_task(until(stream, lambda event: event.get("step") == "qa"))
        await asyncio.sleep(0)
        run_events.append(redis, run.pk, stage_event("qa", "running"))
        assert (await waiting)["message"] == "qa: running"
        await sync_to_async(finish)(run)
        assert (await until(stream, lambda event: "result" in event))["status"] == "completed"
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_partial_results_are_for_who_asked_for_them(
    follower: RunFollower, run: PipelineRun, redis: Redis
) -> None:
    """The realtime kind has pieces of the transcript and each stage's output; the other kind has neither."""
    piece = {"transcript_chunk": "my name", "chunk_index": 0, "total_chunks_so_far": 1}
    run_events.append(redis, run.pk, RunEvent("partial", 1.0, stage="transcription", data=piece))
    run_events.append(redis, run.pk, stage_event("transcription", "succeeded"))
    run_events.append(redis, run.pk, stage_event("summary", "succeeded"))
    run_events.append(redis, run.pk, stage_event("entities", "failed"))
    await sync_to_async(finish)(run, failing=("entities",))
    realtime = [event for _, event in await read(follower, run, detail="realtime")]
    assert [event.get("step") for event in realtime[1:]] == [
        "transcription_partial",
        "transcription_complete",
        "summarization_complete",
        "entity_extraction_error",
        "completed",
    ]
    assert realtime[1]["partial_result"] == piece
    assert realtime[2]["partial_result"]["transcript"] == "my name is grace"
    assert realtime[3]["partial_result"] == {"stage": "summary"}
    assert realtime[4]["error"] == "broke"
    assert (realtime[5]["status"], realtime[5]["failed_stages"]) == ("completed", ["entity_extraction"])
    steps = [event.get("step") for _, event in await read(follower, run)]
    assert "transcription_partial" not in steps


async def test_a_run_that_nobody_announced_ends_its_stream(
    follower: RunFollower, run: PipelineRun, redis: Redis
) -> None:
    """Cancelled without a word on Redis, it ends with one terminal event: the row says it."""
    async with aclosing(blocks(Streamed(run.pk, "realtime", None, {}), follower)) as stream:
        await until(stream, lambda event: event["status"] == "submitted")
        await sync_to_async(runs.cancel_run)(run_id=run.pk)
        event = await until(stream, lambda event: event["status"] != "PROCESSING")
    assert (event["status"], event["step"], event["error"]) == ("cancelled", "cancelled", "cancelled")


async def test_an_erased_conversation_ends_its_stream(follower: RunFollower, run: PipelineRun) -> None:
    """What was deleted meanwhile ends as failed."""
    await Conversation.objects.all().adelete()
    ((_, submitted), (_, ended)) = await read(follower, run)
    assert (submitted["status"], ended["status"]) == ("submitted", "failed")


async def test_silence_is_filled_and_time_is_up(
    follower: RunFollower, run: PipelineRun, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heartbeats carry no id; when the time is up the stream ends with a timeout, and the task goes on."""
    from dataclasses import replace

    monkeypatch.setattr(event_streams, "HEARTBEAT_S", 0.05)
    settings.AMBIENT = replace(settings.AMBIENT, stream_timeout_s=0.5)
    said = await read(follower, run)
    beats = [(number, event) for number, event in said if event.get("heartbeat")]
    assert beats
    assert all(number is None and event["elapsed_time"] >= 0 for number, event in beats)
    assert [event["status"] for _, event in said].count("timeout") == 1
    assert said[-1][1]["status"] == "timeout"
    assert (await PipelineRun.objects.aget(pk=run.pk)).status == "pending"


async def test_a_redis_that_forgot_costs_repetition_not_loss(
    follower: RunFollower, run: PipelineRun, redis: Redis
) -> None:
    """Who heard more than Redis knows comes from before it was lost: everything is said again."""
    run_events.append(redis, run.pk, stage_event("qa", "running"))
    await sync_to_async(finish)(run)
    said = await read(follower, run, after=500)
    assert [event["status"] for _, event in said] == ["PROCESSING", "completed"]


async def test_many_follow_one_run_over_one_connection(
    follower: RunFollower, run: PipelineRun, redis: Redis
) -> None:
    """Twenty readers get the same, through one subscription."""
    readers = [asyncio.create_task(read(follower, run)) for _ in range(20)]
    await asyncio.sleep(0)
    run_events.append(redis, run.pk, stage_event("qa", "running"))
    await sync_to_async(finish)(run)
    said = await asyncio.gather(*readers)
    assert {tuple(event["status"] for _, event in each) for each in said} == {
        ("submitted", "PROCESSING", "completed")
    }
