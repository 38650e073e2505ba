"""One load: a stack of its own, clients in another process, and what came of both."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ambient.stack.stack import Stack
from bench.load.clients import PATIENCE_S, Orders, Took
from bench.load.outcome import Session, count_words, judge
from bench.load.talk import Talk
from bench.load.watching import CLASSES, Look, Watch, look
from bench.stacks import running_stack

MB = 1024 * 1024
IDLE_CPU_S = 0.05
"""Processor time in a second of workers that have nothing to do."""


@dataclass(frozen=True, slots=True)
class Load:
    """`cost_ms`: of the scripted engine a window; `environment`: what else the stack is told."""

    sessions: int
    ramp_s: float
    steady_s: float
    cost_ms: float = 0.0
    reads: bool = False
    environment: dict[str, str] = field(default_factory=dict)

    def settings(self) -> dict[str, str]:
        return {
            "AMBIENT_LIVE_ENGINE": "scripted",
            "AMBIENT_BATCH_ENGINE": "scripted",
            "AMBIENT_ENGINE_OPTIONS": json.dumps({"cost_ms": self.cost_ms}),
            "WEBSOCKET_MAX_CONNECTIONS": str(2 * self.sessions + 10),
            **self.environment,
        }


@dataclass(slots=True)
class Result:
    """`steady`: the moments between which every session was speaking. `before`: the processes before any."""

    load: Load
    sessions: list[Session]
    talks: list[Talk]
    looks: list[Look]
    before: Look
    steady: tuple[float, float]

    @property
    def engine_ms_per_audio_s(self) -> float:
        """By the engine's own account, which counts its waits too where its cost is a wait."""
        audio_s = sum(one.audio_s for one in self.sessions)
        return 1000 * sum(one.engine_s for one in self.sessions) / audio_s

    def cpu_ms_per_audio_s(self) -> dict[str, float]:
        """By class of process, while all sessions were there: milliseconds a second of one session's
        audio."""
        first, last = self._steady_looks()
        seconds = (last.at_s - first.at_s) * self.load.sessions
        return {
            name: 1000 * (last.cpu_s[name] - first.cpu_s[name]) / seconds
            for name in last.cpu_s
            if name in first.cpu_s
        }

    def server_cpu_ms(self) -> float:
        """Everything on the server without the engine, whose cost must be none but its counting."""
        all_of_it = sum(cpu for name, cpu in self.cpu_ms_per_audio_s().items() if name in CLASSES)
        return all_of_it - self.engine_ms_per_audio_s

    def web_mb_a_session(self) -> float:
        """The most that it held, over what it held before the first session."""
        most = max(look.rss_bytes["web"] for look in self._within_steady())
        return (most - self.before.rss_bytes["web"]) / MB / self.load.sessions

    def growth_mb(self, name: str) -> float:
        """From the first third of the steady time to its last: what a leak or a queue would add."""
        looks = self._within_steady()
        third = max(1, len(looks) // 3)
        early = sum(look.rss_bytes[name] for look in looks[:third]) / third
        late = sum(look.rss_bytes[name] for look in looks[-third:]) / third
        return (late - early) / MB

    def _within_steady(self) -> list[Look]:
        return [look for look in self.looks if self.steady[0] <= look.at_s <= self.steady[1]]

    def _steady_looks(self) -> tuple[Look, Look]:
        looks = self._within_steady()
        if len(looks) < 2:
            failures = {one.failure for one in self.sessions if one.failure}
            raise RuntimeError(f"there was no time with all sessions on; they say {sorted(failures)[:3]}")
        return looks[0], looks[-1]


def run(load: Load) -> Result:
    with running_stack(home=None, **load.settings()) as stack, tempfile.TemporaryDirectory() as folder:
        _warm_up(stack, Path(folder))
        before = look(stack)
        took, watch, orders = _hold(stack, load, Path(folder) / "result")
        sessions = []
        talks = [orders.talk(one.number) for one in took]
        for one, talk in zip(took, talks, strict=True):
            sessions.append(session := judge(one, talk))
            if not load.reads:
                count_words(session, one, talk)
        last_began = max(one.started_s for one in took)
        return Result(
            load=load,
            sessions=sessions,
            talks=talks,
            looks=watch.looks,
            before=before,
            steady=(last_began + 2.0, last_began + load.steady_s - 1.0),
        )


def _warm_up(stack: Stack, folder: Path) -> None:
    """What the first session makes the processes load is not a session's memory."""
    _run_clients(_orders(stack, Load(1, 0.0, 6.0), folder / "warm"))
    deadline = time.monotonic() + PATIENCE_S
    before = look(stack)
    while time.monotonic() < deadline:  # its pipeline
        time.sleep(1.0)
        now = look(stack)
        if now.cpu_s["batch"] - before.cpu_s["batch"] < IDLE_CPU_S:
            return
        before = now


def _hold(stack: Stack, load: Load, path: Path) -> tuple[list[Took], Watch, Orders]:
    orders = _orders(stack, load, path)
    clients = _start_clients(orders)
    watch = Watch(stack, clients.pid)
    watch.start()
    try:
        took = _wait_for(clients, orders)
    finally:
        watch.stop()
    return took, watch, orders


def _orders(stack: Stack, load: Load, path: Path) -> Orders:
    address = stack.address.replace("http", "ws", 1) + "/ws/transcribe?interim_results=true&language=en"
    return Orders(address, stack.key, load.sessions, load.ramp_s, load.steady_s, str(path), load.reads)


def _run_clients(orders: Orders) -> list[Took]:
    return _wait_for(_start_clients(orders), orders)


def _start_clients(orders: Orders) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-m", "bench.load.clients"], stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(orders)).encode())
    process.stdin.close()
    return process


def _wait_for(clients: subprocess.Popen[bytes], orders: Orders) -> list[Took]:
    try:
        code = clients.wait(orders.ramp_s + orders.steady_s + 2 * PATIENCE_S)
    except subprocess.TimeoutExpired:
        clients.kill()
        clients.wait()
        raise
    if code != 0:
        raise RuntimeError(f"the clients ended with {code}")
    # What our own process wrote a moment ago.
    return [Took(**one) for one in pickle.loads(Path(orders.result).read_bytes())]  # noqa: S301
