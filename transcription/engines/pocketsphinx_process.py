"""The parent's side of one child of the embedded recogniser: start it, ask it, replace it when it is gone.

Plain `subprocess` and a socket pair: Celery's own children may not use `multiprocessing`, and a fork of a
process with threads may hang.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import transcription
from transcription.errors import EngineFailed, EngineUnavailable

CHILD_MODULE = "transcription.engines.pocketsphinx_child"
START_TIMEOUT_S = 60.0
"""A decoder loads in 0.2–0.9 s; a machine that starts many at once is slower."""


class ChildGone(Exception):
    """It died, or gave no answer in time."""


class RecogniserProcess:
    """One child. `lock` is held by whoever asks it; `fed` says how much of each utterance it was given."""

    def __init__(self, *, decoders: int, options: dict[str, Any]) -> None:
        self.lock = threading.Lock()
        self.fed: dict[str, int] = {}
        self._settings = json.dumps({"decoders": decoders, "options": options})
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Raises EngineUnavailable where the child cannot load its model."""
        ours, theirs = socket.socketpair()
        root = str(Path(transcription.__file__).parent.parent)
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", CHILD_MODULE, str(theirs.fileno()), self._settings],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                # One thread each: the pool is the parallelism.
                env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        self._connection = Connection(ours.detach())
        self.fed = {}

    def wait_ready(self) -> None:
        try:
            self._receive(START_TIMEOUT_S)
        except ChildGone as error:
            self.stop()
            raise EngineUnavailable(
                "pocketsphinx",
                f"its process ended before it was ready ({error})",
                hint="Run `python -c 'import pocketsphinx; pocketsphinx.Decoder()'` to see why;"
                " a decoder needs 100 MB.",
            ) from error

    def ask(self, request: tuple[Any, ...], timeout_s: float) -> tuple[Any, ...]:
        """Raises ChildGone; EngineFailed where the recogniser itself refused."""
        if self._connection is None:
            raise ChildGone("not started")
        try:
            self._connection.send(request)
        except OSError as error:
            raise ChildGone(str(error)) from error
        reply = self._receive(timeout_s)
        if reply[0] == "failed":
            raise EngineFailed("pocketsphinx", reply[1], retryable=True)
        return reply

    def _receive(self, timeout_s: float) -> tuple[Any, ...]:
        if self._connection is None:
            raise ChildGone("not started")
        try:
            if not self._connection.poll(timeout_s):
                raise ChildGone(f"no answer within {timeout_s:.0f} s")
            reply: tuple[Any, ...] = self._connection.recv()
        except (EOFError, OSError) as error:
            raise ChildGone("its end of the connection closed") from error
        return reply

    def kill(self) -> None:
        """End the child, by its pid. Needs no lock: whoever waits for its answer sees that it is gone."""
        process = self._process
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()

    def stop(self) -> None:
        """End the child and reap it."""
        self.kill()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            self._process.wait()
            self._process = None
        self.fed = {}
