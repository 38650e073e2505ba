"""The whole installation on one machine: servers first, then the web process and the workers, kept alive.

What `DATABASE_URL` and `REDIS_URL` name is used and not started here. A worker or web process that ends is
started again; PostgreSQL and Redis too, since everything that uses them reconnects.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TextIO

import psycopg
import redis

from ambient.conf import AmbientSettings
from ambient.stack.commands import TOGETHER, commands
from ambient.stack.errors import StackError
from ambient.stack.postgres import EmbeddedPostgres
from ambient.stack.processes import Child
from ambient.stack.redis import EmbeddedRedis

READY_TIMEOUT_S = 60.0
RESTART_PAUSE_S = 1.0
STOP_TIMEOUT_S = 15.0


@dataclass(slots=True)
class Stack:
    """Everything `make up` runs. `conf` is the environment as this process sees it."""

    conf: AmbientSettings
    say: Callable[[str], None] = lambda _: None
    servers: list[EmbeddedPostgres | EmbeddedRedis] = field(default_factory=list, init=False)
    children: list[Child] = field(default_factory=list, init=False)
    environment: dict[str, str] = field(default_factory=dict, init=False)
    key: str = field(default="", init=False, repr=False)
    sign_in_path: str = field(default="", init=False, repr=False)
    """Path and query of a link that signs the operator in once; empty where that user is switched off."""
    _lock: TextIO | None = field(default=None, init=False)
    _restart_at: dict[str, float] = field(default_factory=dict, init=False)

    @property
    def address(self) -> str:
        return f"http://{self.conf.host}:{self.conf.port}"

    def start(self) -> None:
        """Bring everything up, to where `/readyz` is 200. Raises StackError, with nothing left running."""
        try:
            self._claim_home()
            self._check_port()
            self.environment = dict(os.environ) | {"AMBIENT_HOME": str(self.conf.home)}
            self.say("starting PostgreSQL and Redis")
            self._start_servers()
            self.say("preparing the database")
            self.sign_in_path, self.key = self._prepare()
            self.say("starting the web server and the workers")
            self.children = list(self._processes())
            for child in self.children:
                child.start()
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def watch(self) -> None:
        """Look after the children once: start again what ended. Call it every half second or so."""
        now = time.monotonic()
        everything = [server.child for server in self.servers if server.child] + self.children
        for child in everything:
            if child.running:
                continue
            due = self._restart_at.setdefault(child.name, now + RESTART_PAUSE_S)
            if now >= due:
                del self._restart_at[child.name]
                self.say(f"{child.name} ended with {child.exit_code}; starting it again")
                child.start()

    def stop(self) -> None:
        """End every process that this stack started: clients' side first, the servers last."""
        for child in self.children:
            child.ask_to_stop()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for child in self.children:
            child.wait_or_kill(max(0.1, deadline - time.monotonic()))
        for server in reversed(self.servers):
            server.stop()
        self.children, self.servers = [], []
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _claim_home(self) -> None:
        """One stack a home: the lock goes with the process, however it ends."""
        self.conf.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = (self.conf.home / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StackError(
                f"Another stack runs in {self.conf.home}. Stop it, or set AMBIENT_HOME."
            ) from error

    def _check_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.conf.host, self.conf.port))
            except OSError as error:
                raise StackError(
                    f"{self.conf.host}:{self.conf.port}: {error.strerror}. Set HOST or PORT."
                ) from error

    def _start_servers(self) -> None:
        if self.conf.database_url:
            try:
                psycopg.connect(self.conf.database_url, connect_timeout=5).close()
            except psycopg.Error as error:
                raise StackError(f"PostgreSQL at DATABASE_URL does not answer: {error}") from error
        else:
            postgres = EmbeddedPostgres(self.conf.home)
            self.servers.append(postgres)
            postgres.start()
        if self.conf.redis_url:
            try:
                with redis.Redis.from_url(self.conf.redis_url, socket_connect_timeout=5) as client:
                    client.ping()
            except (redis.RedisError, ValueError) as error:
                raise StackError(f"Redis at REDIS_URL does not answer: {error}") from error
        else:
            server = EmbeddedRedis(self.conf.home)
            self.servers.append(server)
            server.start()

    def _prepare(self) -> tuple[str, str]:
        done = subprocess.run(
            [sys.executable, "manage.py", "prepare"],
            check=False,
            capture_output=True,
            text=True,
            env=self.environment,
        )
        if done.returncode != 0:
            raise StackError(f"The installation could not be prepared:\n{done.stderr.strip()[-2000:]}")
        link, key = done.stdout.splitlines()[-2:]
        return link, key

    def _processes(self) -> Iterator[Child]:
        known = commands(self.conf)
        for name in TOGETHER:
            yield Child(name, known[name], self.conf.home / "log" / f"{name}.log", self.environment)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            missing = self.missing()
            if not missing:
                return
            for child in self.children:
                if child.exit_code is not None:
                    raise StackError(f"{child.name} ended with {child.exit_code}:\n{child.log_tail()}")
            if time.monotonic() > deadline:
                raise StackError(f"Not ready after {READY_TIMEOUT_S:.0f} s; missing: {', '.join(missing)}")
            time.sleep(0.1)

    def missing(self) -> list[str]:
        """What `/readyz` says is missing; empty when it is 200."""
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=10) as response:  # noqa: S310
                report: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            with contextlib.suppress(ValueError):
                return list(json.load(error).get("missing", ["web server"]))
            return ["web server"]
        except OSError:
            return ["web server"]
        return list(report["missing"])
