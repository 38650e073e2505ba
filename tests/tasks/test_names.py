"""Work is sent by name, so every name has to lead somewhere."""

from __future__ import annotations

from importlib import import_module

from ambient.celery import app
from conversations import dispatch
from sessions import wire
from tasks.sweeper import SWEEPS


def test_every_task_name_is_registered() -> None:
    """Each constant by which web code sends work names a task that the Celery app knows."""
    for module in app.conf.imports:
        import_module(module)
    names = {
        value for module in (dispatch, wire) for name, value in vars(module).items() if name.endswith("_TASK")
    }
    assert names
    assert names <= set(app.tasks)


def test_beat_sends_only_what_is_there() -> None:
    """Each entry of the schedule names a registered task and a queue that a worker reads."""
    for module in app.conf.imports:
        import_module(module)
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks
        if entry["task"] in SWEEPS:  # which it makes itself
            continue
        assert entry["options"]["queue"] in (dispatch.BATCH_QUEUE, wire.LIVE_QUEUE)
