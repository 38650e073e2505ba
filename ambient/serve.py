"""`python -m ambient.serve NAME`: becomes one process of an installation (web, live, batch, beat, …).

For containers and unit files; signals reach the process itself. `--check` instead asks whether that process,
started on this machine, is alive: exit status 0 or 1.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import time
import urllib.request

import redis

from ambient import conf
from ambient.stack import places
from ambient.stack.commands import commands

TIMEOUT_S = 5.0
LONGEST_WITHOUT_SWEEP_S = 60.0
"""Sweeps come every five seconds; one may wait for a database that restarts."""


def is_alive(name: str, settings: conf.AmbientSettings) -> bool:
    """Raises OSError and RedisError where what is asked does not answer."""
    if name == "web":
        with urllib.request.urlopen(f"http://127.0.0.1:{settings.port}/healthz", timeout=TIMEOUT_S) as answer:
            return bool(answer.status == 200)
    url = settings.redis_url or places.embedded_redis_url(settings.home)
    with redis.Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S) as client:
        if name == "beat":
            at: str | bytes | None = client.get("ambient:swept:tasks.upkeep.sweep_runs")
            return at is not None and time.time() - float(at) < LONGEST_WITHOUT_SWEEP_S
        queue = name.removesuffix("-only")
        return bool(client.exists(f"ambient:worker:{queue}:{queue}@{socket.gethostname()}"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ambient.serve", description=__doc__)
    settings = conf.load()
    known = commands(settings)
    parser.add_argument("name", choices=sorted(known))
    parser.add_argument("--check", action="store_true", help="ask whether it is alive")
    arguments = parser.parse_args()
    if not arguments.check:
        command = known[arguments.name]
        os.execv(command[0], command)  # noqa: S606 - a list that we made
    try:
        return 0 if is_alive(arguments.name, settings) else 1
    except (OSError, redis.RedisError) as error:
        print(f"{arguments.name}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
