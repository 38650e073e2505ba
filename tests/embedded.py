"""Every run has a PostgreSQL and a Redis of its own, real ones, in a folder that goes when it ends.

They start before Django reads its settings, which is why this is a plugin and not a fixture. `DATABASE_URL`
and `REDIS_URL`, where set, are used instead.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from ambient.stack.postgres import EmbeddedPostgres
from ambient.stack.redis import EmbeddedRedis

_started: list[EmbeddedPostgres | EmbeddedRedis] = []
_home = pytest.StashKey[Path]()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Before conftest files and settings are read: a plugin (pyproject: `-p tests.embedded`)."""
    home = Path(tempfile.mkdtemp(prefix="ambient-test-"))
    early_config.stash[_home] = home
    os.environ["AMBIENT_HOME"] = str(home)
    for variable, server in (("DATABASE_URL", EmbeddedPostgres(home)), ("REDIS_URL", EmbeddedRedis(home))):
        if not os.environ.get(variable):
            server.start()
            _started.append(server)
            os.environ[variable] = server.url


def pytest_unconfigure(config: pytest.Config) -> None:
    while _started:
        _started.pop().stop()
    if home := config.stash.get(_home, None):
        shutil.rmtree(home, ignore_errors=True)
