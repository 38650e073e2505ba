"""Real Celery workers, in processes of their own, on the test's own database and Redis."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from redis import Redis
from redis.client import PubSub

from ambient.celery import app
from conversations.dispatch import BATCH_QUEUE, CPU_QUEUE
from sessions.wire import LIVE_QUEUE
from tests.tasks.stand_ins import Counter, HalfAndHalf, ObedientQuality, engine_path

START_TIMEOUT_S = 90
NEWS_TIMEOUT_S = 60


def worker_environment(**variables: str) -> dict[str, str]:
    """Ours, but with the test's database instead of the one that it was made beside."""
    conninfo = make_conninfo(
        **{**conninfo_to_dict(settings.DATABASE_URL), "dbname": connection.settings_dict["NAME"]}
    )
    return {
        **os.environ,
        "DATABASE_URL": conninfo,
        "REDIS_URL": settings.REDIS_URL,
        "AMBIENT_HOME": str(settings.AMBIENT.home),
        "AMBIENT_MEDIA_ROOT": str(settings.AMBIENT.media_root),
        **variables,
    }


@contextmanager
def celery_worker(queue: str, *options: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that is ready, ended when the block is."""
    name = f"{queue.replace(',', '-')}-{uuid4().hex[:8]}@test"
    command = [sys.executable, "-m", "celery", "-A", "ambient", "worker", "-Q", queue, "-n", name, *options]
    process = subprocess.Popen(command, env=worker_environment(**variables))
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        # Not over a pooled connection: another test may have had Redis drop every one that there was.
        with app.connection_for_write() as fresh:
            while not app.control.ping(destination=[name], timeout=0.5, connection=fresh):
                assert process.poll() is None, f"the worker ended with {process.returncode}"
                assert time.monotonic() < deadline, "the worker does not answer"
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def batch_worker(django_db_setup: None) -> Iterator[None]:
    """Runs the pipeline with the embedded engines, but for three that do as the tests say."""
    with celery_worker(
        f"{BATCH_QUEUE},{CPU_QUEUE}",
        *("-P", "prefork", "-c", "1"),
        AMBIENT_QUALITY=engine_path(ObedientQuality),
        AMBIENT_DIARIZATION=engine_path(HalfAndHalf),
        AMBIENT_BATCH_ENGINE=engine_path(Counter),
    ):
        yield


@pytest.fixture(scope="class")
def live_worker(django_db_setup: None) -> Iterator[None]:
    """Gone with the class that asks for it: other tests have live workers of another kind."""
    with celery_worker(LIVE_QUEUE, "-P", "threads", "-c", "4", AMBIENT_LIVE_ENGINE=engine_path(Counter)):
        yield


class News:
    """What is said on Redis channels, read as it comes."""

    def __init__(self, pubsub: PubSub) -> None:
        self._pubsub = pubsub

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Everything up to the first message that is wanted, that one last."""
        heard: list[dict[str, Any]] = []
        deadline = time.monotonic() + NEWS_TIMEOUT_S
        while (left_s := deadline - time.monotonic()) > 0:
            message = self._pubsub.get_message(ignore_subscribe_messages=True, timeout=left_s)
            if message is not None:
                heard.append(json.loads(message["data"]))
                if wanted(heard[-1]):
                    return heard
        raise AssertionError(f"not said in {NEWS_TIMEOUT_S} s; heard {heard}")


@pytest.fixture
def listen() -> Iterator[Callable[[str], News]]:
    """Subscribes to a channel, there when the call returns."""
    with ExitStack() as stack:
        client = stack.enter_context(Redis.from_url(settings.REDIS_URL))

        def subscribe(pattern: str) -> News:
            pubsub = stack.enter_context(client.pubsub())
            pubsub.psubscribe(pattern)
            assert pubsub.get_message(timeout=10) is not None, "the subscription is confirmed"
            return News(pubsub)

        yield subscribe
