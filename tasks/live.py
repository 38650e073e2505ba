"""The live decode: a window named by an order, read from Redis, decoded, answered on pub/sub.

A worker on the queue `live` runs the threads pool and owns the engine; its tasks only carry windows to it.
An order is acknowledged before it is worked on and expires: the web process asks again for what got no
answer, so nothing here needs to survive.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
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
)
from tasks.engines import LiveEngines, ModelNotAllowedError
from tasks.heartbeat import Heartbeat
from tasks.redis_client import redis_client
from tasks.watchdog import Watchdog
from transcription.engines.base import SpeechEngine, SpeechEngineConfig, SpeechOptions, SpeechWindow
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
def decode(self: Task[Any, Any], order: dict[str, Any]) -> None:
    """`order`: a DecodeOrder as JSON."""
    wanted = DecodeOrder.from_json(order)
    if _Process.worker is None:
        raise RuntimeError(f"{DECODE_TASK} belongs to a worker that was started on the queue {LIVE_QUEUE}")
    reply = answer(wanted, engines=_Process.worker.engines, worker=self.request.hostname or "")
    redis_client().publish(wanted.reply_to, json.dumps(reply.to_json()))


def answer(order: DecodeOrder, *, engines: LiveEngines, worker: str) -> DecodeReply:
    """Decode the window that the order names; whatever goes wrong is said in the reply."""
    samples = read_window(order)
    if samples is None:
        return DecodeReply(order.session_id, order.request_id, error="missing_audio", worker=worker)
    window = SpeechWindow(
        utterance_key=f"{order.session_id}:{order.utterance_id}",
        samples=samples,
        offset_s=order.offset_s,
        is_final=order.is_final,
        options=SpeechOptions(language=order.language, prompt=order.prompt, vocabulary=order.vocabulary),
    )
    started_at = time.time()
    try:
        engine, decoding = engines.submit(order.model, window)
        decoded = decoding.result()
    except (EngineFailed, EngineUnavailable, ModelNotAllowedError) as error:
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
    return DecodeReply(
        order.session_id,
        order.request_id,
        hypothesis=decoded.hypothesis,
        engine=engine.name,
        model=engine.model,
        started_at=decoded.started_at,
        decoded_at=decoded.decoded_at,
        worker=worker,
    )


def read_window(order: DecodeOrder) -> np.ndarray[tuple[int], np.dtype[np.float32]] | None:
    """The samples that the order names, float32; None where Redis does not have all of them (any more)."""
    key = audio_key(order.session_id, order.utterance_id)
    size_bytes = order.num_samples * SAMPLE.itemsize
    raw = redis_client().getrange(key, 0, size_bytes - 1) if size_bytes else b""
    if len(raw) < size_bytes:
        return None
    return np.frombuffer(cast("bytes", raw), dtype=SAMPLE).astype(np.float32, copy=False)
