"""What processes count: nothing is lost or doubled over threads, forks and a Redis that goes away."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from redis.exceptions import RedisError

from conversations.metrics import tally
from conversations.metrics.kinds import Counter, Histogram
from conversations.metrics.tally import COUNTS_KEY, TALLY, counted

WORK = Counter("test_work", "Work.", ("kind",))
SIZES = Histogram("test_sizes", "Sizes.", (1.0, 2.0, 5.0))


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Nothing has been counted yet."""
    with Redis.from_url(settings.REDIS_URL) as redis:
        TALLY.take()
        redis.delete(COUNTS_KEY)
        yield
        TALLY.take()
        redis.delete(COUNTS_KEY)


def test_threads_count_together() -> None:
    """Additions of many threads at once are all there."""

    def count() -> None:
        for _ in range(500):
            WORK.add(1, "done")

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    TALLY.ship()
    assert counted()["test_work", "done"] == 4000


def test_a_forked_child_counts_its_own_only() -> None:
    """What a parent has not shipped when it forks is shipped once."""
    WORK.add(3, "done")
    pid = os.fork()
    if pid == 0:
        try:
            WORK.add(4, "done")
            TALLY.ship()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    TALLY.ship()
    assert counted()["test_work", "done"] == 7


def test_what_redis_does_not_take_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts gather while Redis is away and are shipped when it is back."""
    WORK.add(2, "done")
    with monkeypatch.context() as away:
        away.setattr(tally, "_redis", lambda: Redis(host="127.0.0.1", port=1))
        with pytest.raises(RedisError):
            TALLY.ship()
    WORK.add(1, "done")
    TALLY.ship()
    assert counted()["test_work", "done"] == 3


@given(st.lists(st.floats(0, 10), max_size=30))
def test_a_histogram_says_how_many_values_lie_below_each_bound(values: list[float]) -> None:
    """Buckets, sum and count are those of the values, as a reader of the format sees them."""
    counts: dict[Any, float] = {}
    TALLY.take()
    for value in values:
        SIZES.observe(value)
    for field, amount in TALLY.take().items():
        counts[field] = counts.get(field, 0) + amount
    samples = {(s.name, s.labels.get("le")): s.value for s in SIZES.family(counts).samples}
    if not values:
        assert samples == {}
        return
    for bound in SIZES.buckets:
        assert samples["test_sizes_bucket", str(bound)] == sum(value <= bound for value in values)
    assert samples["test_sizes_bucket", "+Inf"] == samples["test_sizes_count", None] == len(values)
    assert samples["test_sizes_sum", None] == pytest.approx(sum(values))


def test_a_label_may_hold_anything_that_is_said() -> None:
    """Quotes, line ends and backslashes in a label come back as they were."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.registry import Collector

    WORK.add(1, 'a "b"\n\\c')
    TALLY.ship()

    class One(Collector):
        def collect(self) -> Iterator[Any]:
            yield WORK.family(counted())

    registry = CollectorRegistry()
    registry.register(One())
    [family] = text_string_to_metric_families(generate_latest(registry).decode())
    assert [sample.labels for sample in family.samples] == [{"kind": 'a "b"\n\\c'}]
