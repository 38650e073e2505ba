"""Tasks that are cancelled end, whatever they wait in."""

from __future__ import annotations

import asyncio

import pytest

from conversations import cancelling
from conversations.cancelling import cancel_all


async def test_a_task_that_forgets_a_cancellation_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends, though it went on after it was asked first."""
    monkeypatch.setattr(cancelling, "AGAIN_S", 0.01)
    asked = 0

    async def forgetful() -> None:
        nonlocal asked
        while asked < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                asked += 1

    task = asyncio.create_task(forgetful())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await cancel_all([task])
    assert asked == 3


async def test_what_a_task_returned_or_raised_stays_in_it() -> None:
    """Tasks that have ended are left as they are, and one that breaks on its way out breaks nobody else."""

    async def breaks() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("on its way out")

    ended = asyncio.create_task(asyncio.sleep(0, "returned"))
    await ended
    breaking, waiting = asyncio.create_task(breaks()), asyncio.create_task(asyncio.Event().wait())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await cancel_all([ended, breaking, waiting])
    assert ended.result() == "returned"
    assert isinstance(breaking.exception(), ValueError)
    assert waiting.cancelled()
