"""Windows of many sessions, one engine: batches form under load and nothing waits when idle.

The moment the engine is free it takes whatever waits, finals first, as many as it likes at once. There is no
timer: an idle engine is asked at once, and a busy one finds more waiting the longer it was busy. As many
threads feed the engine as it takes calls at the same time.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field

import structlog

from conversations.metrics import catalogue as metrics
from transcription.engines.base import Hypothesis, SpeechEngine, SpeechWindow
from transcription.errors import EngineFailed

log = structlog.get_logger(__name__)


class BatcherClosedError(Exception):
    """The engine is being let go of; a window that comes now has to go to another."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """`started_at`, `decoded_at`: Unix seconds, measured around the engine's call."""

    hypothesis: Hypothesis
    started_at: float
    decoded_at: float


@dataclass(frozen=True, slots=True)
class _Waiting:
    window: SpeechWindow
    answer: Future[Decoded] = field(default_factory=Future)


class Batcher:
    """Owns the calls of one loaded engine."""

    def __init__(self, engine: SpeechEngine) -> None:
        self.engine = engine
        self._finals: deque[_Waiting] = deque()
        self._partials: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._calls: dict[int, float] = {}
        """Thread ident -> time.monotonic() at which the call under way began."""
        self._threads = [
            threading.Thread(target=self._feed, name=f"batcher-{engine.name}-{number}", daemon=True)
            for number in range(max(1, engine.capabilities.concurrency))
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, window: SpeechWindow) -> Future[Decoded]:
        """The answer to come; it raises EngineFailed. Raises BatcherClosedError after `close`."""
        waiting = _Waiting(window)
        with self._changed:
            if self._closed:
                raise BatcherClosedError(self.engine.name)
            (self._finals if window.is_final else self._partials).append(waiting)
            self._changed.notify()
        return waiting.answer

    def longest_call_s(self) -> float:
        """How long the oldest call under way has been at it; 0 with none."""
        with self._changed:
            return max((time.monotonic() - began for began in self._calls.values()), default=0.0)

    def close(self) -> None:
        """Take no more, decode what waits, then let go of the engine. Returns when that is done."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self.engine.close()

    def _feed(self) -> None:
        while batch := self._take():
            self._decode(batch)

    def _take(self) -> list[_Waiting]:
        """Whatever waits, up to the engine's batch; blocks while nothing does. Empty: closed and drained."""
        with self._changed:
            while not self._finals and not self._partials:
                if self._closed:
                    return []
                self._changed.wait()
            # Finals and partials are decoded with other beams, so a mixed call would cost both their time.
            likes = self.engine.capabilities
            final_size = likes.batch_size if likes.final_batch_size is None else likes.final_batch_size
            queue, size = (self._finals, final_size) if self._finals else (self._partials, likes.batch_size)
            batch = [queue.popleft() for _ in range(min(len(queue), max(1, size)))]
            self._calls[threading.get_ident()] = time.monotonic()
            return batch

    def _decode(self, batch: list[_Waiting]) -> None:
        started_at = time.time()
        try:
            hypotheses = self.engine.decode([waiting.window for waiting in batch])
            if len(hypotheses) != len(batch):
                raise EngineFailed(
                    self.engine.name,
                    f"{len(hypotheses)} hypotheses for {len(batch)} windows",
                    retryable=False,
                )
        except Exception as error:
            self._failed(batch, error)
            return
        finally:
            with self._changed:
                self._calls.pop(threading.get_ident(), None)
        decoded_at = time.time()
        metrics.ENGINE_CALL.observe(decoded_at - started_at, self.engine.name)
        metrics.ENGINE_BATCH.observe(len(batch), self.engine.name)
        for waiting, hypothesis in zip(batch, hypotheses, strict=True):
            waiting.answer.set_result(Decoded(hypothesis, started_at, decoded_at))

    def _failed(self, batch: list[_Waiting], error: Exception) -> None:
        """One window that breaks the engine must not cost its neighbours their words: each goes alone."""
        if len(batch) > 1:
            log.warning("engine_batch_failed", engine=self.engine.name, size=len(batch), error=repr(error))
            for waiting in batch:
                with self._changed:
                    self._calls[threading.get_ident()] = time.monotonic()
                self._decode([waiting])
            return
        if not isinstance(error, EngineFailed):
            log.exception("engine_raised", engine=self.engine.name, exc_info=error)
            error = EngineFailed(self.engine.name, type(error).__name__, retryable=True)
        metrics.ENGINE_FAILURES.add(1, self.engine.name)
        batch[0].answer.set_exception(error)
