"""Decodes from the web process's side, with a Redis that dies and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest
from redis.asyncio import Redis

from ambient.stack.redis import EmbeddedRedis
from sessions.decoding import DecodeNotSent, RedisDecoder
from sessions.wire import LIVE_QUEUE, DecodeOrder, DecodeReply, audio_key

AUDIO = np.ones(1600, np.float32)
PATIENCE_S = 30.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    """One of this test's own, to be killed."""
    server = EmbeddedRedis(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def redis(server: EmbeddedRedis) -> AsyncIterator[Redis]:
    async with Redis.from_url(server.url) as client:
        yield client


@pytest.fixture
async def decoder(redis: Redis) -> AsyncIterator[RedisDecoder]:
    decoder = RedisDecoder(redis, process_id="p", expires_s=10.0)
    listening = asyncio.create_task(decoder.listen())
    yield decoder
    listening.cancel()
    await asyncio.wait([listening])


def order(session_id: str, request_id: int = 1) -> DecodeOrder:
    return DecodeOrder(
        session_id=session_id,
        utterance_id=0,
        request_id=request_id,
        num_samples=len(AUDIO),
        offset_s=0.0,
        is_final=False,
        reply_to="",
        model="base",
    )


async def sent(decoder: RedisDecoder, wanted: DecodeOrder) -> None:
    """Send it, as often as its session would."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(DecodeNotSent):
                return await decoder.submit(wanted, AUDIO)
            await asyncio.sleep(0.02)


def kill(server: EmbeddedRedis) -> None:
    assert server.child is not None
    assert server.child.process is not None
    os.kill(server.child.process.pid, signal.SIGKILL)
    server.child.process.wait()


async def test_what_was_under_way_when_redis_died_is_asked_for_at_once(
    server: EmbeddedRedis, redis: Redis, decoder: RedisDecoder
) -> None:
    """Each session whose decode had no answer hears that its audio is missing as soon as Redis is back, not
    when the time for an answer is up; whoever had its answer hears nothing. What is asked again goes out with
    its audio."""
    replies: asyncio.Queue[DecodeReply] = asyncio.Queue()
    for session_id in ("waits", "has-its-answer", "is-gone"):
        decoder.register(session_id, replies.put_nowait)
        await sent(decoder, order(session_id))
    decoder._hand_out(b'[{"session_id": "has-its-answer", "request_id": 1, "hypothesis": null}]')
    assert (await asyncio.wait_for(replies.get(), PATIENCE_S)).session_id == "has-its-answer"
    decoder.unregister("is-gone")

    kill(server)
    with pytest.raises(DecodeNotSent):
        await decoder.submit(order("has-its-answer", 2), AUDIO)
    server.start()

    lost = await asyncio.wait_for(replies.get(), PATIENCE_S)
    assert (lost.session_id, lost.request_id, lost.error) == ("waits", 1, "missing_audio")
    assert replies.empty()
    decoder.forget_audio("waits", 0)
    await sent(decoder, order("waits"))
    assert await redis.get(audio_key("waits", 0)) == AUDIO.tobytes()
    assert await redis.llen(LIVE_QUEUE) == 1


async def test_a_subscription_that_falls_silent_is_made_anew(
    server: EmbeddedRedis, decoder: RedisDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Redis that keeps its connections and says nothing is not listened to for ever."""
    monkeypatch.setattr("sessions.decoding.SILENCE_S", 0.1)
    replies: asyncio.Queue[DecodeReply] = asyncio.Queue()
    decoder.register("s", replies.put_nowait)
    await sent(decoder, order("s"))
    assert server.child is not None
    assert server.child.pid is not None
    os.kill(server.child.pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await asyncio.sleep(0.02)
                if not decoder._is_listening:
                    break
    finally:
        os.kill(server.child.pid, signal.SIGCONT)
    assert (await asyncio.wait_for(replies.get(), PATIENCE_S)).error == "missing_audio"
