"""Insights of a live session: worked out in a child process, told before the end, never waited for long."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest

from sessions.aside import Aside, LeftOutError
from sessions.insights import MOST_WAITING, Insights
from sessions.protocols.base import Insight, Notice
from tests.transcription.analysis.test_running import CLINIC
from transcription.analysis.running import warm
from transcription.models import Segment


@pytest.fixture
async def aside() -> AsyncIterator[Aside]:
    aside = Aside("insights", most_waiting=MOST_WAITING)
    yield aside
    aside.close()


async def test_what_was_asked_and_answered_is_told_before_the_end(aside: Aside) -> None:
    """The answer comes once, though it is looked for after each of the finals that follow; the last part is
    summed up when no more comes."""
    await aside.run(warm)
    said: list[Notice] = []
    insights = Insights(aside, endpoint=None, say=said.append)
    for segment in CLINIC:
        insights.note(segment)
    await insights.finish()
    told = [(one.kind, one.segment_ids, one.engine) for one in said if isinstance(one, Insight)]
    assert ("answer", (2, 3), "embedded") in told
    assert len([one for one in told if one[0] == "answer" and one[1][0] == 2]) == 1
    assert [kind for kind, _, _ in told].count("rolling_summary") == 1


async def test_too_much_is_left_out_and_counted(aside: Aside) -> None:
    """More than may wait is not done, and its number is known."""
    busy = [asyncio.create_task(aside.run(os.getpid)) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)  # they are asked for
    with pytest.raises(LeftOutError):
        await aside.run(os.getpid)
    assert aside.left_out == 1
    assert {os.getpid()} != set(await asyncio.gather(*busy))


async def test_a_child_that_dies_is_replaced(aside: Aside) -> None:
    """What it was at is left out; the next job finds another."""
    first = await aside.run(os.getpid)
    with pytest.raises(LeftOutError):
        await aside.run(os.kill, first, signal.SIGKILL)
    assert await aside.run(os.getpid) != first


async def test_what_is_not_english_is_not_read(aside: Aside) -> None:
    """No job for a talk in another language."""
    await aside.run(os.getpid)
    said: list[Notice] = []
    insights = Insights(aside, endpoint=None, say=said.append)
    for number in range(20):
        insights.note(Segment(number, number * 1.0, number + 0.9, "wie geht es dir", language="de"))
    await insights.finish()
    assert said == []
    assert aside.left_out == 0
