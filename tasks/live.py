"""The live decode: windows named by orders, read from Redis, decoded, answered on pub/sub.

A worker on the queue `live` runs the threads pool and owns the engine; its tasks only carry windows to it.
An order is acknowledged before it is worked on and expires: the web process asks again for what got no
answer, so nothing here needs to survive.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np
import structlog
from celery import Task, shared_task
from celery.concurrency import get_implementation
from celery.concurrency.thread import TaskPool as ThreadsPool
from celery.signals import worker_init, worker_shutdown
from django.conf import settings
from redis import RedisError

from sessions.wire import (
    DECODE_TASK,
    ENGINE_KEY,
    ENGINE_TTL_S,
    LIVE_QUEUE,
    DecodeOrder,
    DecodeReply,
    audio_key,
    write_replies,
)
from tasks.batcher import Decoded
from tasks.engines import LiveEngines, ModelNotAllowedError
from tasks.heartbeat import Heartbeat
from tasks.redis_client import redis_client
from tasks.watchdog import Watchdog
from transcription.engines.base import Samples, SpeechEngine, SpeechEngineConfig, SpeechOptions, SpeechWindow
from transcription.engines.registry import choose_speech_engine
from transcription.errors import EngineFailed, EngineUnavailable

log = structlog.get_logger(__name__)

SAMPLE = np.dtype("<f4")
STUCK_AFTER_TIMEOUTS = 3
"""An engine call that outlasts this many times WEBSOCKET_CHUNK_TIMEOUT is stuck: its window has been asked
for again as often."""
BEATS_PER_TTL = 3


class LiveWorker:
    """What a live worker process has: engines, a watchdog over them, and a sign of life in Redis."""

    def __init__(self) -> None:
        self._notices: dict[str, str] = {}
        self.engines = LiveEngines(
            default_model=settings.AMBIENT.live.whisper_model,
            allowed=settings.AMBIENT.models_allowed,
            load=self._load,
        )
        self._watchdog = Watchdog(
            self.engines.longest_call_s,
            limit_s=settings.AMBIENT.live.chunk_timeout_s * STUCK_AFTER_TIMEOUTS,
        )
        self._heartbeat = Heartbeat(
            self.say_ready, interval_s=ENGINE_TTL_S / BEATS_PER_TTL, name="live-engine-heartbeat"
        )

    def start(self) -> None:
        self._watchdog.start()
        self._heartbeat.start()
        try:
            self.say_ready()
        except RedisError as error:  # the heartbeat says it as soon as Redis is there
            log.warning("live_engine_not_announced", error=repr(error))

    def stop(self) -> None:
        self._heartbeat.stop()
        self.engines.close()
        self._watchdog.stop()

    def say_ready(self) -> None:
        """Tell /readyz and the web processes which engine listens."""
        engine = self.engines.default
        said = {
            "engine": engine.name,
            "model": engine.model,
            "version": engine.version,
            "notice": self._notices.get(settings.AMBIENT.live.whisper_model, ""),
            "capabilities": asdict(engine.capabilities),
        }
        redis_client().set(ENGINE_KEY, json.dumps(said, default=sorted), ex=ENGINE_TTL_S)

    def _load(self, model: str) -> SpeechEngine:
        config = SpeechEngineConfig.from_settings(model, settings.AMBIENT.engine_options)
        engine, self._notices[model] = choose_speech_engine(settings.AMBIENT.live_engine, config)
        engine.load()
        return engine


class _Process:
    """The LiveWorker of this process; None anywhere but in a worker on the queue `live`."""

    worker: LiveWorker | None = None


@worker_init.connect
def start_live_worker(sender: Any, **_: Any) -> None:
    """Before the first task, after the queues are known. An engine that cannot load ends the process,
    whatever it is that it raises: Celery would log it and go on without one, and every decode would fail."""
    if LIVE_QUEUE not in sender.app.amqp.queues.consume_from:
        return
    if get_implementation(sender.pool_cls) is not ThreadsPool:
        raise SystemExit(f"A worker on the queue {LIVE_QUEUE} owns its engine: start it with -P threads")
    try:
        _Process.worker = LiveWorker()
        _Process.worker.start()
    except EngineUnavailable as error:
        log.critical("live_engine_unavailable", engine=error.engine, reason=error.reason, hint=error.hint)
        raise SystemExit(f"The live engine cannot be loaded: {error}") from error
    except Exception as error:
        log.critical("live_engine_broken", exc_info=error)
        raise SystemExit(f"The live engine cannot be loaded: {type(error).__name__}: {error}") from error
    log.info("live_engine_ready", engine=_Process.worker.engines.default.name)


@worker_shutdown.connect
def stop_live_worker(**_: Any) -> None:
    if _Process.worker is not None:
        _Process.worker.stop()
        _Process.worker = None


@shared_task(name=DECODE_TASK, bind=True, acks_late=False, ignore_result=True)
def decode(self: Task[Any, Any], orders: list[dict[str, Any]]) -> None:
    """`orders`: DecodeOrders as JSON, of one web process. They are answered as they are ready."""
    wanted = [DecodeOrder.from_json(order) for order in orders]
    if _Process.worker is None:
        raise RuntimeError(f"{DECODE_TASK} belongs to a worker that was started on the queue {LIVE_QUEUE}")
    for replies in answers(wanted, engines=_Process.worker.engines, worker=self.request.hostname or ""):
        redis_client().publish(wanted[0].reply_to, write_replies(replies))


@dataclass(frozen=True, slots=True)
class _Decoding:
    order: DecodeOrder
    started_at: float
    engine: SpeechEngine
    decoded: Future[Decoded]


def answers(
    orders: Sequence[DecodeOrder], *, engines: LiveEngines, worker: str
) -> Iterator[list[DecodeReply]]:
    """Decode the windows that the orders name, finals first; what is ready at the same time comes together.
    Whatever goes wrong is said in the reply."""
    failed: list[DecodeReply] = []
    under_way: deque[_Decoding] = deque()
    finals_first = sorted(orders, key=lambda order: not order.is_final)
    for order, samples in zip(finals_first, read_windows(finals_first), strict=True):
        if samples is None:
            failed.append(
                DecodeReply(order.session_id, order.request_id, error="missing_audio", worker=worker)
            )
            continue
        started_at = time.time()
        try:
            under_way.append(
                _Decoding(order, started_at, *engines.submit(order.model, _window(order, samples)))
            )
        except (EngineUnavailable, ModelNotAllowedError) as error:
            failed.append(_failure(order, error, started_at, worker))
    if failed:
        yield failed
    while under_way:
        ready = [_reply(under_way.popleft(), worker)]  # waits for the first
        while under_way and under_way[0].decoded.done():
            ready.append(_reply(under_way.popleft(), worker))
        yield ready


def read_windows(orders: Sequence[DecodeOrder]) -> list[Samples | None]:
    """The samples that each order names, float32; None where Redis does not have all of them (any more)."""
    pipeline = redis_client().pipeline(transaction=False)
    for order in orders:
        pipeline.getrange(
            audio_key(order.session_id, order.utterance_id), 0, order.num_samples * SAMPLE.itemsize - 1
        )
    return [
        np.frombuffer(cast("bytes", raw), SAMPLE)[: order.num_samples].astype(np.float32, copy=False)
        if len(raw) >= order.num_samples * SAMPLE.itemsize
        else None
        for order, raw in zip(orders, pipeline.execute(), strict=True)
    ]


def _window(order: DecodeOrder, samples: Samples) -> SpeechWindow:
    return SpeechWindow(
        utterance_key=f"{order.session_id}:{order.utterance_id}",
        samples=samples,
        offset_s=order.offset_s,
        is_final=order.is_final,
        options=SpeechOptions(language=order.language, prompt=order.prompt, vocabulary=order.vocabulary),
    )


def _reply(decoding: _Decoding, worker: str) -> DecodeReply:
    order = decoding.order
    try:
        decoded = decoding.decoded.result()
    except EngineFailed as error:
        return _failure(order, error, decoding.started_at, worker)
    return DecodeReply(
        order.session_id,
        order.request_id,
        hypothesis=decoded.hypothesis,
        engine=decoding.engine.name,
        model=decoding.engine.model,
        started_at=decoded.started_at,
        decoded_at=decoded.decoded_at,
        worker=worker,
    )


def _failure(order: DecodeOrder, error: Exception, started_at: float, worker: str) -> DecodeReply:
    log.warning("decode_failed", session_id=order.session_id, model=order.model, error=str(error))
    message = (
        f"this installation does not offer the model {order.model!r}"
        if isinstance(error, ModelNotAllowedError)
        else str(error)
    )
    return DecodeReply(
        order.session_id,
        order.request_id,
        error="engine_failed",
        message=message,
        started_at=started_at,
        decoded_at=time.time(),
        worker=worker,
    )
