"""The command of each process of an installation, whoever starts it: `make up`, a container, a unit file."""

from __future__ import annotations

import sys

from ambient.conf import AmbientSettings

APPLICATION = "ambient.asgi:application"
TOGETHER = ("web", "live", "batch", "beat")
"""What one machine needs. `batch` takes stages that hear (queue `batch`) and those that read (`cpu`); in its
place `batch-only` and `cpu` take one kind each, where the first has a GPU of its own."""
LIVE_THREADS = 8
"""Each only waits for its window's turn at the engine; windows of so many sessions may wait."""
BATCH_CHILDREN = 2


def commands(conf: AmbientSettings) -> dict[str, list[str]]:
    """By the name of the process."""
    celery = [sys.executable, "-m", "celery", "-A", "ambient"]
    level = ["--loglevel", conf.log_level]

    def worker(name: str, queues: str, *pool: str) -> list[str]:
        return [*celery, "worker", "-Q", queues, *pool, "-n", f"{name}@%h", *level]

    prefork = ("-P", "prefork", "-c", str(BATCH_CHILDREN))
    return {
        "web": _web(conf),
        "live": worker("live", "live", "-P", "threads", "-c", str(LIVE_THREADS)),
        "batch": worker("batch", "batch,cpu", *prefork),
        "batch-only": worker("batch", "batch", *prefork),
        "cpu": worker("cpu", "cpu", *prefork),
        "beat": [*celery, "beat", "--pidfile", "", *level],
    }


def _web(conf: AmbientSettings) -> list[str]:
    if conf.server == "daphne":
        return [
            sys.executable, "-m", "daphne", "-b", conf.host, "-p", str(conf.port), "--verbosity", "0",
            "--ping-interval", str(conf.live.heartbeat_interval_s),
            "--ping-timeout", str(2 * conf.live.heartbeat_interval_s),
            APPLICATION,
        ]  # fmt: skip
    return [
        sys.executable, "-m", "uvicorn", APPLICATION, "--host", conf.host, "--port", str(conf.port),
        # It prints addresses whole, and ours may hold a token: what it says below a warning is not kept.
        "--log-level", "warning", "--no-access-log", "--lifespan", "off", "--no-server-header",
        # Twice our own limit on a frame, so that ours answers with a reason before the server's cuts.
        "--ws", "websockets-sansio", "--ws-max-size", str(2 * 1024 * 1024 + 65_536),
        # Deflated, 100 ms of 16-bit speech shrink by a tenth, and take 40 µs to read.
        "--ws-per-message-deflate", "false",
        "--ws-ping-interval", str(conf.live.heartbeat_interval_s),
        "--ws-ping-timeout", str(conf.live.heartbeat_interval_s),
        "--timeout-graceful-shutdown", "10",
    ]  # fmt: skip
