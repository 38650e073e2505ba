"""Child processes that never outlive the one that started them, ended by process id alone."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent(death_signal: int, parent_pid: int) -> Callable[[], None]:
    """For the child, between fork and exec: ask the kernel for a signal when the parent is gone."""

    def arrange() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent_pid:  # it went between the fork and the line above
            os._exit(1)

    return arrange


@dataclass(slots=True)
class Child:
    """One process of the stack. It runs in a session of its own, so that a Ctrl-C at the terminal reaches
    only the supervisor, which ends the children in their order."""

    name: str
    command: Sequence[str]
    log_path: Path
    environment: Mapping[str, str]
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        self.log_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                start_new_session=True,
                preexec_fn=_die_with_parent(self.death_signal, os.getpid()),  # noqa: PLW1509
            )

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    @property
    def exit_code(self) -> int | None:
        """None while it runs (and before it was started)."""
        return self.process.poll() if self.process else None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask_to_stop(self) -> None:
        if self.process is not None and self.running:
            self.process.send_signal(self.stop_signal)

    def wait_or_kill(self, timeout_s: float) -> None:
        """Wait for the end that was asked for; past the time, kill it and everything it started."""
        if self.process is None:
            return
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self, timeout_s: float = 10.0) -> None:
        self.ask_to_stop()
        self.wait_or_kill(timeout_s)

    def log_tail(self, lines: int = 15) -> str:
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])
