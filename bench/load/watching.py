"""What the server's processes take of the machine: processor time and memory, by class of process."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import psutil

from ambient.stack.stack import Stack

INTERVAL_S = 1.0
CLASSES = ("web", "live", "batch", "beat", "redis", "postgres")
_CLIENTS = "clients"


@dataclass(frozen=True, slots=True)
class Look:
    """`cpu_s`: processor seconds so far, `rss_bytes`: memory now, both by class of process."""

    at_s: float
    cpu_s: dict[str, float]
    rss_bytes: dict[str, int]


@dataclass
class Watch:
    """Looks at a stack's processes once a second, from `start` to `stop`."""

    stack: Stack
    clients_pid: int
    looks: list[Look] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def between(self, from_s: float, until_s: float) -> list[Look]:
        return [look for look in self.looks if from_s <= look.at_s <= until_s]

    def _run(self) -> None:
        while not self._over.wait(INTERVAL_S):
            self.looks.append(look(self.stack, self.clients_pid))


def look(stack: Stack, clients_pid: int | None = None) -> Look:
    pids = {child.name: child.pid for child in stack.children}
    pids |= {server.child.name: server.child.pid for server in stack.servers if server.child}
    if clients_pid is not None:
        pids[_CLIENTS] = clients_pid
    cpu_s: dict[str, float] = {}
    rss_bytes: dict[str, int] = {}
    for name, pid in pids.items():
        if pid is None:
            continue
        cls = next((known for known in (*CLASSES, _CLIENTS) if name.startswith(known)), name)
        cpu, rss = _of_tree(pid)
        cpu_s[cls] = cpu_s.get(cls, 0.0) + cpu
        rss_bytes[cls] = rss_bytes.get(cls, 0) + rss
    return Look(time.monotonic(), cpu_s, rss_bytes)


def _of_tree(pid: int) -> tuple[float, int]:
    """A process with its children, those that have ended included."""
    cpu_s, rss_bytes = 0.0, 0
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0, 0
    for member in family:
        try:
            times = member.cpu_times()
            cpu_s += times.user + times.system + times.children_user + times.children_system
            rss_bytes += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return cpu_s, rss_bytes
