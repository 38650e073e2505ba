"""Stand-ins: a VAD of loudness, and a live worker that reads the clock."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.conf import settings
from kombu import Connection, Consumer, Queue
from redis import Redis

from sessions.wire import ENGINE_KEY, LIVE_QUEUE, DecodeOrder, DecodeReply, audio_key, write_replies
from transcription.audio.vad import FRAME_SAMPLES, Probabilities
from transcription.engines.base import SAMPLE_RATE_HZ, Hypothesis, HypothesisSegment, Samples
from transcription.models import Word

WORD_S = 0.5
LOUD = 0.1


class LoudnessSpeech:
    """Speech is what is loud."""

    def __init__(self) -> None:
        self._waiting: Samples = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> Probabilities:
        self._waiting = np.concatenate([self._waiting, samples])
        count = len(self._waiting) // FRAME_SAMPLES
        frames = self._waiting[: count * FRAME_SAMPLES].reshape(count, FRAME_SAMPLES)
        self._waiting = self._waiting[count * FRAME_SAMPLES :]
        loud: Probabilities = (np.abs(frames).max(axis=1, initial=0.0) > LOUD).astype(np.float32)
        return loud


def speech(seconds: float) -> bytes:
    """Loud 16 kHz PCM."""
    samples = np.sin(np.arange(int(seconds * SAMPLE_RATE_HZ)) * 0.1) * 0.5 * 32767
    return bytes(samples.astype("<i2").tobytes())


def silence(seconds: float) -> bytes:
    return bytes(2 * int(seconds * SAMPLE_RATE_HZ))


def words_between(start_s: float, end_s: float) -> list[str]:
    """What the stand-in hears there: the name of every half second that is loud to its end."""
    return [
        f"w{k}" for k in range(int(end_s / WORD_S) + 1) if start_s <= k * WORD_S and (k + 1) * WORD_S <= end_s
    ]


def hear(order: DecodeOrder, samples: Samples) -> Hypothesis:
    """One word for each half second of the audio clock that is loud throughout."""
    words = []
    for k in range(int((order.offset_s + len(samples) / SAMPLE_RATE_HZ) / WORD_S) + 1):
        start = round((k * WORD_S - order.offset_s) * SAMPLE_RATE_HZ)
        end = start + int(WORD_S * SAMPLE_RATE_HZ)
        if start >= 0 and end <= len(samples) and np.mean(np.abs(samples[start:end]) > LOUD) > 0.5:
            words.append(Word(f"w{k}", k * WORD_S, (k + 1) * WORD_S, 0.9))
    segments = (
        (HypothesisSegment(words[0].start_s, words[-1].end_s, " ".join(w.text for w in words), tuple(words)),)
        if words
        else ()
    )
    return Hypothesis(segments, language="en", engine_ms=1.0)


@dataclass
class ClockReader(threading.Thread):
    """A live worker: a stock kombu consumer of the queue, which answers over pub/sub.

    `faults`: answers to give instead, first come first served ("silence": none at all).
    """

    faults: list[str] = field(default_factory=list)
    orders: list[DecodeOrder] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._stopped = threading.Event()
        self._redis = Redis.from_url(settings.REDIS_URL)
        self._redis.set(
            ENGINE_KEY,
            json.dumps({"engine": "clock", "model": "half-seconds", "version": "1", "notice": ""}),
        )

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        url = settings.REDIS_URL.replace("unix://", "redis+socket://")
        with (
            Connection(url) as connection,
            Consumer(connection, [Queue(LIVE_QUEUE)], callbacks=[self._answer], accept=["json"]),
        ):
            while not self._stopped.is_set():
                try:
                    connection.drain_events(timeout=0.2)
                except TimeoutError:
                    continue

    def stop(self) -> None:
        self._stopped.set()
        self.join()
        self._redis.delete(ENGINE_KEY, LIVE_QUEUE)

    def _answer(self, body: Any, message: Any) -> None:
        message.ack()
        for order in body[0][0]:
            self._decode(DecodeOrder.from_json(order))

    def _decode(self, order: DecodeOrder) -> None:
        self.orders.append(order)
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "silence":
            return
        started_at = time.time()
        raw = self._redis.get(audio_key(order.session_id, order.utterance_id))
        samples = np.frombuffer(raw if isinstance(raw, bytes) else b"", "<f4")
        if len(samples) < order.num_samples:
            fault = "missing_audio"
        reply = DecodeReply(
            order.session_id,
            order.request_id,
            error=fault,
            hypothesis=None if fault else hear(order, samples[: order.num_samples]),
            engine="clock",
            model="half-seconds",
            started_at=started_at,
            decoded_at=time.time(),
        )
        self._redis.publish(order.reply_to, write_replies([reply]))
