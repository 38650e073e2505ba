"""The way around the stages, on a running stack: events that reach a client, and uploads at once."""

from __future__ import annotations

import json
import statistics
import tempfile
import threading
import time
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psycopg

from ambient.stack.places import embedded_database_url
from ambient.stack.stack import Stack
from bench.live_call import CALL
from bench.load.watching import look
from bench.report import Figure, at_most
from bench.stacks import running_stack

EVENT_BOUND_MS = 50.0
UPLOADS = 20
UPLOAD_S = 1000
"""32 MB of PCM each: together ten times the bound."""
MEMORY_BOUND_MB = 64.0
"""Two of the twenty bodies: what is read at a time, and what the allocator keeps."""
MB = 1024 * 1024
PIECE_BYTES = 256 * 1024
LOOK_EVERY_S = 0.1
FORM_HEAD = b'--bench\r\nContent-Disposition: form-data; name="audio"; filename="long.wav"\r\n\r\n'
FORM_TAIL = b"\r\n--bench--\r\n"
STEP_NAMES = {"entities": "entity_extraction", "quality": "qa_evaluation", "summary": "summarization"}
"""Stages that events call otherwise (contract: terms)."""


def figures(*, runs: int, uploads: int = UPLOADS) -> list[Figure]:
    """`runs`: how often the shipped call is processed for its events."""
    with running_stack(
        AMBIENT_BATCH_ENGINE="scripted", AMBIENT_ENGINE_OPTIONS=json.dumps({"cost_ms": 0})
    ) as stack:
        return [*_events(stack, runs), *_uploads(stack, uploads)]


def _events(stack: Stack, runs: int) -> list[Figure]:
    """From the moment that a stage's row is marked as done to the moment that its event is at the client."""
    delays_ms: list[float] = []
    for _ in range(runs):
        run_id, arrived = _followed(stack)
        with psycopg.connect(stack.conf.database_url or embedded_database_url(stack.conf.home)) as database:
            rows = database.execute(
                "select name, finished_at from conversations_stagerun"
                " where run_id = %s and status = 'succeeded'",
                [run_id],
            ).fetchall()
        delays_ms += [
            1000 * (arrived[step] - at.timestamp())
            for name, at in rows
            if (step := STEP_NAMES.get(name, name)) in arrived
        ]
    return [
        at_most("stage done → event at the client, p95", _p95(delays_ms), "ms", EVENT_BOUND_MS),
        Figure("the same, median", statistics.median(delays_ms), "ms"),
        Figure("events counted", len(delays_ms), ""),
    ]


def _followed(stack: Stack) -> tuple[int, dict[str, float]]:
    """A run, and when each stage's output came, by the wall clock of this machine."""
    arrived: dict[str, float] = {}
    task_id = 0
    with (
        _client(stack) as client,
        CALL.with_suffix(".flac").open("rb") as recording,
        client.stream("POST", "/audio/process-stream-realtime", files={"audio": recording}) as response,
    ):
        response.raise_for_status()
        rest = ""
        for text in response.iter_text():
            now = time.time()
            *blocks, rest = (rest + text).split("\n\n")
            for block in blocks:
                if block.startswith("data: "):
                    event: dict[str, Any] = json.loads(block[6:])
                    task_id = int(event["task_id"])
                    step = event.get("step") or ""
                    if step.endswith("_complete"):
                        arrived[step.removesuffix("_complete")] = now
    return task_id, arrived


def _uploads(stack: Stack, uploads: int) -> list[Figure]:
    """Memory of the web process while that many large recordings come in at once, over that after one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.wav"
        _write_wav(path)
        _upload(stack, path)
        before = look(stack).rss_bytes["web"]
        most = before
        over = threading.Event()

        def watch() -> None:
            nonlocal most
            while not over.wait(LOOK_EVERY_S):
                most = max(most, look(stack).rss_bytes["web"])

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            with ThreadPoolExecutor(uploads) as pool:
                list(pool.map(lambda _: _upload(stack, path), range(uploads)))
        finally:
            over.set()
            watching.join()
        size_mb = path.stat().st_size / MB
    return [
        at_most(
            f"{uploads} uploads of {size_mb:.0f} MB at once: web memory grows by",
            (most - before) / MB, "MB", MEMORY_BOUND_MB,
        ),
        Figure("web memory before", before / MB, "MB"),
    ]  # fmt: skip


def _upload(stack: Stack, path: Path) -> None:
    """Sends the file piece by piece; the task is cancelled, since only the way in is measured."""
    length = len(FORM_HEAD) + path.stat().st_size + len(FORM_TAIL)
    with _client(stack) as client:
        response = client.post(
            "/audio/process",
            content=_form(path),
            headers={
                "Content-Type": "multipart/form-data; boundary=bench",
                "Content-Length": str(length),
            },
        )
        task_id = response.raise_for_status().json()["task_id"]
        client.delete(f"/audio/task/{task_id}").raise_for_status()


def _form(path: Path) -> Iterator[bytes]:
    yield FORM_HEAD
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece
    yield FORM_TAIL


def _write_wav(path: Path) -> None:
    rng = np.random.default_rng(3)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        for _ in range(UPLOAD_S):
            file.writeframes(rng.integers(-300, 300, 16_000, np.int16).tobytes())


def _client(stack: Stack) -> httpx.Client:
    return httpx.Client(base_url=stack.address, headers={"Authorization": f"Bearer {stack.key}"}, timeout=300)


def _p95(values: list[float]) -> float:
    return float(np.percentile(values, 95))
