"""The live decode: an order in, an answer out, whatever happens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import numpy as np
import pytest
from django.conf import settings

from ambient.celery import app
from sessions.wire import (
    DECODE_TASK,
    ENGINE_KEY,
    ENGINE_TTL_S,
    LIVE_QUEUE,
    DecodeOrder,
    DecodeReply,
    audio_key,
    read_replies,
    results_channel,
    write_replies,
)
from tasks.engines import LiveEngines
from tasks.live import answers
from tasks.redis_client import redis_client
from tasks.watchdog import EXIT_STUCK
from tests.tasks.conftest import News, celery_worker
from tests.tasks.speech import HeldEngine
from tests.tasks.stand_ins import Broken, Stuck, engine_path

Listen = Callable[[str], News]


def order_of(num_samples: int, *, written: int | None = None, model: str = "") -> DecodeOrder:
    """An order whose audio is in Redis, as far as `written` says."""
    order = DecodeOrder(
        session_id=uuid4().hex,
        utterance_id=0,
        request_id=7,
        num_samples=num_samples,
        offset_s=1.5,
        is_final=True,
        reply_to=results_channel(uuid4().hex),
        model=model,
    )
    audio = np.linspace(-1, 1, num_samples if written is None else written, dtype="<f4")
    if len(audio):
        redis_client().set(audio_key(order.session_id, 0), audio.tobytes(), ex=60)
    return order


def answer(order: DecodeOrder, *, engines: LiveEngines) -> DecodeReply:
    """What one order gets that is alone."""
    ((reply,),) = answers([order], engines=engines, worker="w")
    return reply


@pytest.fixture
def engines() -> Iterator[LiveEngines]:
    engines = LiveEngines(default_model="base", allowed=("small",), load=HeldEngine)
    yield engines
    engines.close()


def test_a_window_is_read_and_answered(engines: LiveEngines) -> None:
    """Exactly the samples that the order names reach the engine, though more are there, and the answer has
    its times and its engine."""
    reply = answer(order_of(1600, written=2000), engines=engines)
    assert reply.hypothesis is not None
    assert (reply.error, reply.hypothesis.text, reply.request_id) == ("", "1600", 7)
    assert reply.hypothesis.segments[0].start_s == 1.5
    assert (reply.engine, reply.model, reply.worker) == ("held", "base", "w")
    assert 0 < reply.started_at <= reply.decoded_at
    assert read_replies(write_replies([reply])) == [reply]


@pytest.mark.parametrize("written", [0, 1, 1599])
def test_missing_audio_is_asked_for(engines: LiveEngines, written: int) -> None:
    """Where Redis has not all of the audio the answer is missing_audio, never words of half a window."""
    assert answer(order_of(1600, written=written), engines=engines).error == "missing_audio"


def test_orders_of_one_task_are_answered_as_they_are_ready(engines: LiveEngines) -> None:
    """Finals come first, one order's fault is its own, and each order gets one answer."""
    partial, gone, final = (replace(order_of(size), request_id=size) for size in (160, 320, 480))
    redis_client().delete(audio_key(gone.session_id, 0))
    partial = replace(partial, is_final=False)
    replies = list(answers([partial, gone, final], engines=engines, worker="w"))
    said = [(reply.request_id, reply.error) for group in replies for reply in group]
    assert said == [(320, "missing_audio"), (480, ""), (160, "")]


def test_a_model_that_is_not_offered_is_refused(engines: LiveEngines) -> None:
    """An order for a model outside the list is answered with an error that names it."""
    reply = answer(order_of(160, model="huge"), engines=engines)
    assert reply.error == "engine_failed"
    assert "'huge'" in reply.message


@pytest.mark.stack
@pytest.mark.usefixtures("live_worker")
class TestWorker:
    def test_an_order_by_name_is_answered_on_its_channel(self, listen: Listen) -> None:
        """Sent by name through the broker, an order comes back decoded on the channel that it named."""
        order = order_of(2 * 16_000)
        news = listen(order.reply_to)
        app.send_task(DECODE_TASK, kwargs={"orders": [order.to_json()]}, queue=LIVE_QUEUE, expires=30)
        ((reply,),) = [read_replies(json.dumps(said)) for said in news.until(lambda _: True)]
        assert reply.hypothesis is not None
        assert (reply.hypothesis.text, reply.engine) == ("0 1", "counter")
        assert reply.worker.startswith("live-")

    def test_the_engine_that_listens_is_known(self) -> None:
        """A live worker says in Redis what it hears with, and that goes away soon after it does."""
        said = json.loads(redis_client().get(ENGINE_KEY) or b"null")
        assert (said["engine"], said["model"]) == ("counter", settings.AMBIENT.live.whisper_model)
        assert said["capabilities"]["batch_size"] == 4
        assert 0 < redis_client().ttl(ENGINE_KEY) <= ENGINE_TTL_S


@pytest.mark.stack
@pytest.mark.usefixtures("django_db_setup")
class TestWorkerEnds:
    def test_when_its_engine_hangs(self) -> None:
        """A worker whose engine does not come back ends by itself, so that its supervisor replaces it."""
        with celery_worker(
            LIVE_QUEUE,
            *("-P", "threads", "-c", "2"),
            AMBIENT_LIVE_ENGINE=engine_path(Stuck),
            WEBSOCKET_CHUNK_TIMEOUT="0.1",
        ) as process:
            order = order_of(160)
            app.send_task(DECODE_TASK, kwargs={"orders": [order.to_json()]}, queue=LIVE_QUEUE)
            assert process.wait(timeout=60) == EXIT_STUCK

    @pytest.mark.parametrize("engine", ["no.such.Engine", engine_path(Broken)])
    def test_when_its_engine_cannot_be_loaded(self, engine: str) -> None:
        """A worker without an engine does not pretend to listen: it ends at start, whatever went wrong."""
        with (
            pytest.raises(AssertionError, match="the worker ended with 1"),
            celery_worker(LIVE_QUEUE, "-P", "threads", AMBIENT_LIVE_ENGINE=engine),
        ):
            pass

    def test_on_a_pool_that_forks(self) -> None:
        """A live worker on the prefork pool would hang at its first decode, so it ends at start."""
        with (
            pytest.raises(AssertionError, match="the worker ended with 1"),
            celery_worker(LIVE_QUEUE, "-P", "prefork"),
        ):
            pass
