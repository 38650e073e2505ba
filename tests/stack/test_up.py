"""`make up`: one line when it is ready, and nothing left when it goes."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from ambient.stack.ports import free_port
from tests.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(150)]
UP = [sys.executable, "-m", "ambient.stack.up"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "AMBIENT_HOME": str(tmp_path / "home"),
        "PORT": str(free_port()),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "AMBIENT_LIVE_ENGINE": "scripted",
    }


@contextmanager
def started(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(UP, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def up(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with started(environment) as process:
        yield process


def members(environment: dict[str, str]) -> set[int]:
    """Processes that were started for this home."""
    wanted = f"AMBIENT_HOME={environment['AMBIENT_HOME']}".encode()
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
        except OSError:
            continue
    return found


def ready_line(process: subprocess.Popen[str]) -> re.Match[str]:
    assert process.stdout is not None
    found = re.fullmatch(r"READY (http://\S+) key=(\S+)\n", process.stdout.readline())
    assert found is not None
    return found


def signs_in(link: str) -> bool:
    """Whether a browser that follows the link and presses its button is let into the admin."""
    with httpx.Client() as browser:
        page = browser.get(link)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        if page.status_code != 200 or token is None:
            return False
        browser.post(link, data={"csrfmiddlewaretoken": token[1]})
        return browser.get(urljoin(link, "/admin/")).status_code == 200


def test_it_says_where_and_with_which_key_and_stops_whole(
    up: subprocess.Popen[str], environment: dict[str, str]
) -> None:
    """READY comes when /readyz is 200, the key opens the API and the link the admin, once; SIGTERM leaves no
    process; the second start finds the first one's data, and Daphne serves as well."""
    address, key = ready_line(up).groups()
    assert up.stdout is not None
    link = up.stdout.readline().split()[-1]
    assert [signs_in(link), signs_in(link)] == [True, False]
    token = link.partition("token=")[2]
    assert all(token not in log.read_text() for log in Path(environment["AMBIENT_HOME"], "log").iterdir())
    assert httpx.get(f"{address}/readyz").json()["status"] == "ready"
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{address}/api/v1/conversations", headers=headers).status_code == 200
    assert httpx.get(f"{address}/api/v1/conversations").status_code == 401
    assert len(members(environment)) > 5

    up.send_signal(signal.SIGTERM)
    assert up.wait(timeout=40) == 0
    assert members(environment) == set()

    with started({**environment, "AMBIENT_SERVER": "daphne"}) as again:
        address, same_key = ready_line(again).groups()
        assert same_key == key
        assert httpx.get(f"{address}/api/v1/conversations", headers=headers).status_code == 200
        speak = [sys.executable, "-m", "sessions.client", "--duration", "2", "--token", key]
        url = address.replace("http", "ws", 1) + "/ws/transcribe"
        assert "session_ended" in subprocess.check_output([*speak, "--url", url], text=True, timeout=60)


def test_a_killed_supervisor_leaves_no_process(
    up: subprocess.Popen[str], environment: dict[str, str]
) -> None:
    """Even SIGKILL of the one that started them ends them all, by the kernel's own word."""
    ready_line(up)
    up.kill()
    up.wait()
    wait_for(lambda: not members(environment), timeout_s=30, what="the end of every process")


@pytest.mark.parametrize(
    ("variable", "url", "name"),
    [
        ("DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:9/none", "PostgreSQL"),
        ("REDIS_URL", "redis://:secret@127.0.0.1:9/0", "Redis"),
    ],
)
def test_a_server_that_is_away_is_named(
    environment: dict[str, str], variable: str, url: str, name: str
) -> None:
    """Exit 1 with a line that says which of the two does not answer, and no password in it."""
    done = subprocess.run(
        UP, env={**environment, variable: url}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert f"{name} at {variable} does not answer" in done.stderr
    assert "secret" not in done.stderr


def test_a_taken_port_is_named(environment: dict[str, str]) -> None:
    """Exit 1 at once, not a web server that cannot start."""
    with socket.create_server(("127.0.0.1", int(environment["PORT"]))):
        done = subprocess.run(UP, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert environment["PORT"] in done.stderr


def test_a_wrong_setting_is_named_before_anything_starts(environment: dict[str, str]) -> None:
    """The system check speaks, with its hint, and the exit is 1."""
    done = subprocess.run(
        UP,
        env={**environment, "WEBSOCKET_CHANNELS": "7"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "WEBSOCKET_CHANNELS" in done.stderr
    assert members(environment) == set()
