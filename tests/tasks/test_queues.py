"""Which worker a stage goes to, and what goes first, on a real broker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app

from conversations import dispatch
from conversations.models import Conversation, Stage
from conversations.queues import waiting_messages
from conversations.services import runs
from conversations.services.run_plan import NEEDS_AUDIO
from tests.tasks.rows import make_conversation, start, succeed, take

pytestmark = pytest.mark.django_db(transaction=True)
QUEUES = (dispatch.BATCH_QUEUE, dispatch.CPU_QUEUE)


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    for _ in range(2):
        with current_app.connection_for_write() as connection:
            for queue in QUEUES:
                connection.default_channel.queue_purge(queue)  # type: ignore[attr-defined]
        if _ == 0:
            yield


def taken(queue: str) -> list[tuple[str, list[int]]]:
    """What a worker of this queue would take, in order: task and arguments."""
    got = []
    with current_app.connection_for_read() as connection:
        simple: Any = connection.SimpleQueue(queue)
        while waiting_messages(queue):
            message = simple.get(timeout=5)
            got.append((message.headers["task"], message.payload[0]))
            message.ack()
        simple.close()
    return got


def test_stages_that_hear_and_stages_that_read_have_workers_of_their_own() -> None:
    """After the words are there, a text's stages all wait on the queue that needs no GPU."""
    run = start(make_conversation("text", "my name is grace"))
    taken(dispatch.BATCH_QUEUE)
    sent = runs.advance_run(run_id=run.pk)
    assert waiting_messages(dispatch.BATCH_QUEUE) == 0
    assert sorted(arguments[0] for _, arguments in taken(dispatch.CPU_QUEUE)) == sorted(s.pk for s in sent)
    upload = start(make_conversation("upload"))
    taken(dispatch.BATCH_QUEUE)
    (transcription,) = runs.advance_run(run_id=upload.pk)
    assert taken(dispatch.BATCH_QUEUE) == [(dispatch.RUN_STAGE_TASK, [transcription.pk])]
    assert not NEEDS_AUDIO & dispatch.CPU_STAGES
    assert set(Stage.values) >= dispatch.CPU_STAGES


def test_a_call_that_has_just_ended_goes_before_recordings_in_bulk() -> None:
    """Of what waits, the live conversation's stage is taken first though it was sent last."""
    uploads = [start(make_conversation("upload")) for _ in range(3)]
    live = start(make_conversation("live", "hello"), enhance_on_end=True)
    assert live.conversation.source == Conversation.Source.LIVE
    taken(dispatch.BATCH_QUEUE)
    sent = [runs.advance_run(run_id=run.pk)[0].pk for run in [*uploads, live]]
    order = [arguments[0] for _, arguments in taken(dispatch.BATCH_QUEUE)]
    assert order == [sent[-1], *sent[:-1]]


def test_waiting_counts_every_priority() -> None:
    """A message counts as waiting whatever its priority, or the sweep would take it for lost."""
    for source in ("upload", "text"):
        run = start(make_conversation(source, *(["hello"] if source == "text" else [])))
        taken(dispatch.BATCH_QUEUE)
        for row in runs.advance_run(run_id=run.pk):
            assert row.queued_at is not None
            assert sum(map(waiting_messages, QUEUES)) > 0
            succeed(take(row))
