"""A stack of its own for a benchmark: in a folder that goes, on a free port of the loopback."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from ambient import conf
from ambient.stack.ports import free_port
from ambient.stack.stack import Stack


@contextlib.contextmanager
def running_stack(*, home: Path | None = None, **environment: str) -> Iterator[Stack]:
    """The whole stack, ready; `environment` goes over this process's own. Without `home`: a fresh folder."""
    folder = home or Path(tempfile.mkdtemp(prefix="ambient-bench-"))
    settings: Mapping[str, str] = {
        "AMBIENT_HOME": str(folder),
        "PORT": str(free_port()),
        "LOG_LEVEL": "WARNING",
        **environment,
    }
    before = dict(os.environ)
    os.environ.update(settings)
    stack = Stack(conf.load())
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
        os.environ.clear()
        os.environ.update(before)
        if home is None:
            shutil.rmtree(folder, ignore_errors=True)
