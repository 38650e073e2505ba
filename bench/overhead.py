"""What the path costs without the engine: last byte of a window sent → its transcript at the client.

The engine plays the call's script in no time, so all that is left is the path: socket, journal, VAD, core,
Redis, worker, Redis, rows for finals, socket. A message says how long before its sending the last audio that
it covers came in (`latency_ms`); the frame that brought that audio is the last one that the client had sent
by then.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from bisect import bisect_right

import numpy as np
from rich.console import Console

from ambient.stack.stack import Stack
from bench.live_call import CALL, load_call
from bench.report import Figure, at_most
from bench.stacks import running_stack
from sessions.client import LiveClient

LISTENED_S = 60


async def measure(stack: Stack, pcm: bytes) -> list[float]:
    """Milliseconds, one for each partial."""
    overheads: list[float] = []
    url = stack.address.replace("http", "ws", 1) + "/ws/transcribe"
    async with LiveClient(url, token=stack.key, interim_results=True, language="en") as client:
        speaking = asyncio.create_task(client.send_at_speed_of_speech(pcm))
        async for message in client:
            received = time.monotonic()
            if message["type"] != "transcript" or message["is_final"] or message["latency_ms"] is None:
                continue
            came_in = received - message["latency_ms"] / 1000
            sent = [at for _, at in client.sent_at]
            index = bisect_right(sent, came_in) - 1
            if index >= 0:
                overheads.append(1000 * (received - sent[index]))
        await speaking
    return overheads


def run(console: Console) -> list[Figure]:
    console.print(f"[dim]· path overhead ({LISTENED_S} s at the speed of speech)[/]")
    samples, _ = load_call()
    pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()[: LISTENED_S * 32_000]
    options = json.dumps({"script": str(CALL.with_suffix(".json"))})
    with running_stack(AMBIENT_LIVE_ENGINE="scripted", AMBIENT_ENGINE_OPTIONS=options) as stack:
        overheads = asyncio.run(measure(stack, pcm))
    return [
        at_most("path overhead, one session, p50", statistics.median(overheads), "ms", 10),
        at_most("path overhead, one session, p95", float(np.percentile(overheads, 95)), "ms", 30),
        Figure("partials measured", len(overheads), ""),
    ]
