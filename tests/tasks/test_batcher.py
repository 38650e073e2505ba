"""Batches form under load, and nothing waits when idle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tasks.batcher import Batcher, BatcherClosedError
from tests.tasks.speech import HeldEngine, window
from transcription.errors import EngineFailed


@contextmanager
def batcher_of(engine: HeldEngine) -> Iterator[Batcher]:
    batcher = Batcher(engine)
    yield batcher
    engine.gate.set()
    batcher.close()


def test_an_idle_engine_is_asked_at_once() -> None:
    """A window that comes alone is decoded alone, without company to wait for."""
    engine = HeldEngine(batch_size=8)
    with batcher_of(engine) as batcher:
        decoded = batcher.submit(window("a", num_samples=7)).result()
    assert decoded.hypothesis.text == "7"
    assert decoded.started_at <= decoded.decoded_at
    assert engine.calls == [["a"]]


def test_what_waits_goes_together_finals_first() -> None:
    """While the engine is busy windows pile up; then it takes as many as it likes, finals before partials and
    never with them (a partial would wait for a final's wide beam), each in the order of their coming."""
    engine = HeldEngine(batch_size=3)
    engine.gate.clear()
    with batcher_of(engine) as batcher:
        answers = [batcher.submit(window("first"))]
        engine.entered.acquire()
        for key, is_final in [("p1", False), ("p2", False), ("f1", True), ("p3", False), ("f2", True)]:
            answers.append(batcher.submit(window(key, is_final=is_final)))
        engine.gate.set()
        for answer in answers:
            answer.result()
    assert engine.calls == [["first"], ["f1", "f2"], ["p1", "p2", "p3"]]


def test_finals_go_alone_where_the_engine_likes_that() -> None:
    """An engine that gains nothing from finals in a batch gets them singly, and partials together."""
    engine = HeldEngine(batch_size=3, final_batch_size=1)
    engine.gate.clear()
    with batcher_of(engine) as batcher:
        answers = [batcher.submit(window("first"))]
        engine.entered.acquire()
        for key, is_final in [("f1", True), ("p1", False), ("f2", True), ("p2", False)]:
            answers.append(batcher.submit(window(key, is_final=is_final)))
        engine.gate.set()
        for answer in answers:
            answer.result()
    assert engine.calls == [["first"], ["f1"], ["f2"], ["p1", "p2"]]


def test_as_many_calls_as_the_engine_takes() -> None:
    """An engine of concurrency two has two calls under way and never a third."""
    engine = HeldEngine(concurrency=2)
    engine.gate.clear()
    with batcher_of(engine) as batcher:
        answers = [batcher.submit(window(f"{n}")) for n in range(5)]
        engine.entered.acquire()
        engine.entered.acquire()
        assert engine.at_work == 2
        engine.gate.set()
        for answer in answers:
            answer.result()
    assert engine.most_at_work == 2


def test_a_bad_window_costs_its_neighbours_nothing() -> None:
    """When a batch breaks each window is tried alone: the bad one gets its error, the others their words."""
    engine = HeldEngine(batch_size=4)
    engine.gate.clear()
    with batcher_of(engine) as batcher:
        batcher.submit(window("first"))
        engine.entered.acquire()
        good = batcher.submit(window("good", num_samples=5))
        bad = batcher.submit(window("breaks"))
        also_good = batcher.submit(window("also", num_samples=6))
        engine.gate.set()
        assert (good.result().hypothesis.text, also_good.result().hypothesis.text) == ("5", "6")
        with pytest.raises(EngineFailed):
            bad.result()


def test_an_engine_that_raises_anything_is_answered_for() -> None:
    """An error that no engine should raise reaches the asker as EngineFailed, and the next window is read."""
    with batcher_of(HeldEngine()) as batcher:
        with pytest.raises(EngineFailed):
            batcher.submit(window("crashes")).result()
        assert batcher.submit(window("good", num_samples=5)).result().hypothesis.text == "5"


def test_a_call_under_way_can_be_seen() -> None:
    """The time of the oldest call is known while it lasts, and is nothing when none is under way."""
    engine = HeldEngine()
    with batcher_of(engine) as batcher:
        assert batcher.longest_call_s() == 0.0
        engine.gate.clear()
        answer = batcher.submit(window("a"))
        engine.entered.acquire()
        assert batcher.longest_call_s() > 0.0
        engine.gate.set()
        answer.result()
        assert batcher.submit(window("b")).result()
    assert batcher.longest_call_s() == 0.0


def test_closing_answers_what_was_taken() -> None:
    """A closing batcher still answers what waits, lets go of its engine, and takes nothing new."""
    engine = HeldEngine()
    engine.gate.clear()
    batcher = Batcher(engine)
    answers = [batcher.submit(window(f"{n}")) for n in range(3)]
    engine.gate.set()
    batcher.close()
    assert [answer.done() for answer in answers] == [True, True, True]
    assert engine.closed
    with pytest.raises(BatcherClosedError):
        batcher.submit(window("late"))
