"""Speakers of one session while it runs: an utterance's voice is worked out beside it, and told later."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from sessions.aside import Aside, LeftOutError
from transcription.analysis.diarization.online import OnlineSpeakers, voice_of
from transcription.engines.base import Samples
from transcription.models import Segment

logger = logging.getLogger(__name__)

MOST_WAITING = 32
"""Utterances of all sessions of a process, at most 15 s or 1 MB each; the encoder takes 0.02 s a second."""
FINISH_S = 3.0
"""What the end of a session waits at most for the voices that are still being worked out."""

Named = Callable[[Segment, str | None], Awaitable[None]]


class Voices:
    """`named`: told whose each final is, in their order; None: it could not be told, or not in time."""

    def __init__(self, aside: Aside, *, named: Named) -> None:
        self._aside = aside
        self._named = named
        self._speakers = OnlineSpeakers()
        self._jobs: set[asyncio.Task[None]] = set()
        self._before: asyncio.Task[None] | None = None

    def recall(self, finals: Iterable[Segment]) -> None:
        """Labels that another process has given are not given again: whose they are is not known here."""
        labels = {segment.speaker_id for segment in finals if segment.speaker_id is not None}
        self._speakers = OnlineSpeakers(known=len(labels))

    def note(self, segment: Segment, samples: Samples | None) -> None:
        """A final that was said, with its audio, where there is any."""
        self._before = asyncio.create_task(self._work(segment, samples, self._before))
        self._jobs.add(self._before)
        self._before.add_done_callback(self._jobs.discard)

    async def finish(self) -> None:
        """Every final is named, or left without a name."""
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=FINISH_S)
        for job in list(self._jobs):
            job.cancel()

    async def _work(
        self, segment: Segment, samples: Samples | None, before: asyncio.Task[None] | None
    ) -> None:
        label: str | None = None
        try:
            voice = None if samples is None else await self._aside.run(voice_of, samples)
        except LeftOutError as error:
            logger.info("a voice was left out: %s", error)
            voice = None
        except Exception as error:
            logger.warning("a voice failed: %s", type(error).__name__)
            voice = None
        if before is not None:
            await asyncio.wait([before])
        if voice is not None:
            label = self._speakers.label(voice, segment.end_s - segment.start_s)
        await self._named(segment, label)
