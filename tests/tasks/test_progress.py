"""Progress in rows and on Redis, and what a stage hears when it is no longer wanted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conversations.models import StageRun
from conversations.run_events import run_channel
from conversations.services import runs
from tasks.progress import MIN_INTERVAL_S, ProgressRecorder, StageLostError
from tests.tasks.conftest import News
from tests.tasks.rows import make_conversation, start, take

pytestmark = pytest.mark.django_db


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def stage_at_work() -> StageRun:
    return take(runs.advance_run(run_id=start(make_conversation("upload")).pk)[0])


def test_progress_is_noted_at_most_once_a_second(listen: Callable[[str], News]) -> None:
    """Of many notes in a second none is a write; the next after it is in the row and on the channel."""
    stage, clock = stage_at_work(), Clock()
    news = listen(run_channel(stage.run_id))
    note = ProgressRecorder(stage, clock=clock)
    for step in range(10):
        note(step / 100)
    assert StageRun.objects.get(pk=stage.pk).progress == 0.0
    clock.now_s += MIN_INTERVAL_S
    note(0.5)
    assert StageRun.objects.get(pk=stage.pk).progress == 0.5
    (said,) = news.until(lambda _: True)
    assert (said["run_id"], said["stage"], said["status"]) == (stage.run_id, "transcription", "running")
    assert said["progress"] == pytest.approx(0.5 / stage.run.stages.count(), abs=0.001)


def test_a_note_keeps_the_lease(listen: Callable[[str], News]) -> None:
    """Whoever says how far it is, is alive: its lease goes on."""
    stage, clock = stage_at_work(), Clock()
    note = ProgressRecorder(stage, clock=clock)
    clock.now_s += MIN_INTERVAL_S
    note(0.1)
    renewed = StageRun.objects.get(pk=stage.pk).lease_until
    assert renewed is not None
    assert stage.lease_until is not None
    assert renewed > stage.lease_until


def test_a_cancelled_stage_is_told_to_stop() -> None:
    """The next note of a stage whose run was cancelled raises, so that no engine works on for nothing."""
    stage, clock = stage_at_work(), Clock()
    note = ProgressRecorder(stage, clock=clock)
    runs.cancel_run(run_id=stage.run_id)
    clock.now_s += MIN_INTERVAL_S
    with pytest.raises(StageLostError):
        note(0.9)
