"""Insights of one session: questions that were answered and rolling summaries, told when they are there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from sessions.aside import Aside, LeftOutError
from sessions.protocols.base import Insight, Notice
from transcription.analysis.base import LlmEndpoint
from transcription.analysis.running import InsightJob, InsightPlan, RunningInsight, derive, warm
from transcription.models import Segment
from transcription.streaming.enrichment import reads

logger = logging.getLogger(__name__)

MOST_WAITING = 32
"""Jobs of all sessions of a process; the embedded engines do about 50 a second."""
FINISH_S = 3.0
"""What the end of a session waits at most for what is still being worked out."""


class Insights:
    """`say`: where the notices go. Called on the event loop; waits only in `finish`."""

    def __init__(self, aside: Aside, *, endpoint: LlmEndpoint | None, say: Callable[[Notice], None]) -> None:
        self._aside = aside
        self._endpoint = endpoint
        self._say = say
        self._plan = InsightPlan()
        self._jobs: set[asyncio.Task[None]] = set()
        self._answered: set[int] = set()
        if not aside.started:
            self._start([None])

    def note(self, segment: Segment) -> None:
        """A final that was said. The rules read English."""
        if reads(segment.language):
            self._start(self._plan.add(segment))

    def recall(self, segment: Segment) -> None:
        """A final that was said before: it is known, and nothing is told of it again."""
        if reads(segment.language):
            self._plan.add(segment)

    async def finish(self) -> None:
        """No more finals: the last summary, and what is on its way, if it comes soon."""
        self._start(self._plan.end())
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=FINISH_S)
        for job in self._jobs:
            job.cancel()

    def _start(self, jobs: Sequence[InsightJob | None]) -> None:
        for job in jobs:
            task = asyncio.create_task(self._work(job))
            self._jobs.add(task)
            task.add_done_callback(self._jobs.discard)

    async def _work(self, job: InsightJob | None) -> None:
        """A job; None: the engines are loaded, so that the first one need not wait for it."""
        try:
            if job is None:
                await self._aside.run(warm)
            elif found := await self._aside.run(derive, job, self._endpoint):
                self._tell(job, found)
        except LeftOutError as error:
            logger.info("an insight was left out: %s", error)
        except Exception as error:  # what an engine says of a talk may quote it, and words belong in no log
            logger.warning("an insight failed: %s", type(error).__name__)

    def _tell(self, job: InsightJob, found: RunningInsight) -> None:
        if job.kind == "answer":
            question = job.segments[0].id
            if question in self._answered:
                return  # one that was looked at twice is answered once
            self._answered.add(question)
        self._say(Insight(found.kind, found.text, found.segment_ids, found.engine))
