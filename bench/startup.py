"""`make up` to READY, installed, at a first and a second start of the same home."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from rich.console import Console

from bench.report import Figure, at_most
from bench.stacks import running_stack


def run(console: Console) -> list[Figure]:
    console.print("[dim]· starts[/]")
    home = Path(tempfile.mkdtemp(prefix="ambient-bench-"))
    took = []
    try:
        for _ in range(2):
            started = time.monotonic()
            with running_stack(home=home, AMBIENT_LIVE_ENGINE="pocketsphinx"):
                took.append(time.monotonic() - started)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return [
        Figure("first start to READY", took[0], "s"),
        at_most("second start to READY", took[1], "s", 15),
    ]
