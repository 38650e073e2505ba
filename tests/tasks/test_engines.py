"""One process owns the models, and no more of them than fit."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tasks.engines import EXTRA_MODELS, LiveEngines, ModelNotAllowedError
from tasks.heartbeat import Heartbeat
from tasks.watchdog import EXIT_STUCK, Watchdog
from tests.tasks.speech import HeldEngine, window


class Shelf:
    """Makes engines and remembers them. `ignores_names`: they have one model, whatever is asked for."""

    def __init__(self, *, ignores_names: bool = False) -> None:
        self.made: list[HeldEngine] = []
        self._ignores_names = ignores_names

    def load(self, model: str) -> HeldEngine:
        self.made.append(HeldEngine("its own" if self._ignores_names else model))
        return self.made[-1]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def engines(shelf: Shelf) -> Iterator[LiveEngines]:
    engines = LiveEngines(default_model="base", allowed=("base", "small", "large"), load=shelf.load)
    yield engines
    engines.close()


def test_the_default_model_is_there_from_the_start(engines: LiveEngines, shelf: Shelf) -> None:
    """The default model answers for its name and for no name, and is loaded once."""
    for model in ("", "base", "base"):
        engine, answer = engines.submit(model, window("a"))
        assert (engine.model, answer.result().hypothesis.text) == ("base", "160")
    assert len(shelf.made) == 1


def test_other_models_are_loaded_when_asked_for_and_let_go(engines: LiveEngines, shelf: Shelf) -> None:
    """A further model is loaded once; beyond what fits the least used one is closed, never the default."""
    for model in ("small", "small", "large", "small"):
        engine, answer = engines.submit(model, window("a"))
        assert engine.model == model
        answer.result()
    assert EXTRA_MODELS == 1
    assert [made.model for made in shelf.made] == ["base", "small", "large", "small"]
    assert [made.closed for made in shelf.made] == [False, True, True, False]


def test_models_outside_the_list_are_refused(engines: LiveEngines, shelf: Shelf) -> None:
    """A name that this installation does not offer loads nothing."""
    with pytest.raises(ModelNotAllowedError):
        engines.submit("/etc/passwd", window("a"))
    assert len(shelf.made) == 1


def test_an_engine_with_one_model_serves_every_name() -> None:
    """The embedded recogniser is not loaded again for a name that it does not know anyway."""
    shelf = Shelf(ignores_names=True)
    engines = LiveEngines(default_model="base", allowed=("base", "small"), load=shelf.load)
    engine, answer = engines.submit("small", window("a"))
    assert (engine.model, answer.result().hypothesis.text) == ("its own", "160")
    assert len(shelf.made) == 1
    engines.close()


def test_a_model_asked_for_by_many_is_loaded_once(engines: LiveEngines, shelf: Shelf) -> None:
    """Threads that ask for the same further model at the same time share one loading."""
    begin = threading.Barrier(6)

    def ask() -> None:
        begin.wait()
        engines.submit("small", window("a"))[1].result()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [made.model for made in shelf.made] == ["base", "small"]


def test_a_stuck_engine_ends_the_process(engines: LiveEngines, shelf: Shelf) -> None:
    """A call that outlasts the limit is noticed, and the worker is ended with a code that says why."""
    codes: list[int] = []
    ended = threading.Event()

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    shelf.made[0].gate.clear()
    watchdog = Watchdog(engines.longest_call_s, limit_s=0.05, on_stuck=end)
    watchdog.start()
    engines.submit("base", window("stuck"))
    assert ended.wait(timeout=30)
    shelf.made[0].gate.set()
    watchdog.stop()
    assert codes == [EXIT_STUCK]


def test_a_heartbeat_survives_a_beat_that_fails() -> None:
    """A beat that raises is followed by the next, until it is stopped."""
    beats: list[int] = []
    enough = threading.Event()

    def beat() -> None:
        beats.append(1)
        if len(beats) == 3:
            enough.set()
        raise ConnectionError

    heartbeat = Heartbeat(beat, interval_s=0.001, name="test")
    heartbeat.start()
    assert enough.wait(timeout=30)
    heartbeat.stop()
