"""VAD off the event loop, shared by all sessions of the process.

Whatever waits when the thread is free goes in one hop: with one session nothing waits, with many the hop is
shared. A model with a batched state would take the same list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeAlias

from transcription.audio.vad import Probabilities, SileroVad
from transcription.engines.base import Samples


class SpeechStream(Protocol):
    """One stream's detector: samples of any length in, one probability per whole frame out."""

    def push(self, samples: Samples) -> Probabilities: ...


Job: TypeAlias = tuple[SpeechStream, Samples, "asyncio.Future[Probabilities]"]


class VoiceDetector:
    """The process's detector. `make_stream` None: Silero, loaded on first use (raises EngineUnavailable)."""

    def __init__(self, make_stream: Callable[[], SpeechStream] | None = None) -> None:
        self._make_stream = make_stream
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="vad")
        self._waiting: list[Job] = []
        self._running: asyncio.Task[None] | None = None

    async def open_stream(self) -> SpeechStream:
        if self._make_stream is None:
            loop = asyncio.get_running_loop()
            model = await loop.run_in_executor(self._executor, SileroVad)
            self._make_stream = self._make_stream or model.stream
        return self._make_stream()

    async def detect(self, stream: SpeechStream, samples: Samples) -> Probabilities:
        """One speech probability per frame that these samples complete. One call at a time a stream."""
        done: asyncio.Future[Probabilities] = asyncio.get_running_loop().create_future()
        self._waiting.append((stream, samples, done))
        if self._running is None:
            self._running = asyncio.create_task(self._work())
        return await done

    def close(self) -> None:
        self._executor.shutdown(wait=False)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                jobs, self._waiting = self._waiting, []
                answers = await loop.run_in_executor(self._executor, _detect_all, jobs)
                for (_, _, done), answer in zip(jobs, answers, strict=True):
                    if done.done():
                        continue
                    if isinstance(answer, Exception):
                        done.set_exception(answer)
                    else:
                        done.set_result(answer)
        finally:
            self._running = None


def _detect_all(jobs: Sequence[Job]) -> list[Probabilities | Exception]:
    answers: list[Probabilities | Exception] = []
    for stream, samples, _ in jobs:
        try:
            answers.append(stream.push(samples))
        except Exception as error:  # one session's trouble is not another's
            answers.append(error)
    return answers
