"""VAD off the event loop, shared by all sessions of the process.

Whatever waits when the thread is free is judged together: with one session nothing waits and nothing is
waited for, with many a batch begins every few milliseconds, and its costs are shared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeAlias

from conversations.metrics import catalogue as metrics
from transcription.audio.vad import Probabilities, SileroVad
from transcription.engines.base import Samples

BATCH_INTERVAL_S = 0.02
"""From the beginning of a batch to that of the next, at least: a fifth of the usual frame, the most that it
adds to a word's latency. A stream that comes when none has begun for that long is judged at once."""


class SpeechStream(Protocol):
    """One stream's detector: samples of any length in, one probability per whole frame out."""

    def push(self, samples: Samples) -> Probabilities: ...


PushAll: TypeAlias = Callable[[Sequence[tuple[Any, Samples]]], list[Probabilities]]
Job: TypeAlias = tuple[SpeechStream, Samples, "asyncio.Future[Probabilities]"]


class VoiceDetector:
    """The process's detector. `make_stream` None: Silero, loaded on first use (raises EngineUnavailable)."""

    def __init__(self, make_stream: Callable[[], SpeechStream] | None = None) -> None:
        self._make_stream = make_stream
        self._push_all: PushAll = _push_each
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="vad")
        self._waiting: list[Job] = []
        self._running: asyncio.Task[None] | None = None
        self._began_s = 0.0

    async def open_stream(self) -> SpeechStream:
        if self._make_stream is None:
            loop = asyncio.get_running_loop()
            model = await loop.run_in_executor(self._executor, SileroVad)
            if self._make_stream is None:  # another session may have been first
                self._make_stream, self._push_all = model.stream, model.push_all
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
                if (early_s := self._began_s + BATCH_INTERVAL_S - loop.time()) > 0:
                    await asyncio.sleep(early_s)
                self._began_s = loop.time()
                jobs, self._waiting = self._waiting, []
                pushes = [(stream, samples) for stream, samples, _ in jobs]
                try:
                    answers = await loop.run_in_executor(self._executor, self._push_all, pushes)
                except Exception as error:
                    for _, _, done in jobs:
                        if not done.done():
                            done.set_exception(error)
                    continue
                metrics.VAD_BATCH.observe(len(jobs))
                metrics.VAD_BATCH_S.observe(loop.time() - self._began_s)
                for (_, _, done), answer in zip(jobs, answers, strict=True):
                    if not done.done():
                        done.set_result(answer)
        finally:
            self._running = None


def _push_each(pushes: Sequence[tuple[SpeechStream, Samples]]) -> list[Probabilities]:
    return [stream.push(samples) for stream, samples in pushes]
