"""The container files hold together: what can be proven of them without a container engine."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from redis import Redis

from ambient import conf, serve
from ambient.stack.commands import commands
from tasks.sweeper import swept_key

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
HADOLINT = shutil.which("hadolint") or shutil.which("hadolint", path=str(Path(sys.executable).parent))
VERSION = re.compile(r".+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.-]+)?")
OWN = re.compile(r"ambient:(cpu|gpu)")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    return loaded


@pytest.fixture(scope="module")
def targets() -> dict[str, list[tuple[str, str]]]:
    """By stage of the Dockerfile: its instructions, the FROM first."""
    text = (DOCKER / "Dockerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    stages: dict[str, list[tuple[str, str]]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        instruction, _, rest = line.partition(" ")
        if instruction == "FROM":
            name = rest.rpartition(" AS ")[2]
            stages[name] = []
        stages[name].append((instruction, rest.strip()))
    return stages


@pytest.mark.skipif(HADOLINT is None, reason="hadolint is not installed")
def test_hadolint_finds_nothing() -> None:
    """The linter of Dockerfiles has no complaint."""
    done = subprocess.run(
        [str(HADOLINT), str(DOCKER / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_a_target_runs_as_nobody_special_and_looks_after_itself(
    targets: dict[str, list[tuple[str, str]]], target: str
) -> None:
    """Not root, with a health check, the models in a volume, and everything that the rooms need."""
    instructions = targets[target]
    by_name = dict(instructions)
    assert by_name["USER"] == "10001:10001"
    assert '"/models"' in by_name["VOLUME"]
    assert "--check" in by_name["HEALTHCHECK"]
    assert by_name["ENTRYPOINT"] == '["python", "-m", "ambient.serve"]'
    copied = {rest.split()[0] for name, rest in instructions if name == "COPY"}
    assert {"ambient", "tasks", "sessions", "conversations", "transcription", "manage.py"} <= copied


def test_what_is_copied_is_there_and_not_ignored(targets: dict[str, list[tuple[str, str]]]) -> None:
    """Every source of a COPY exists and .dockerignore lets it in; nothing secret is let in."""
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"]
    for instructions in targets.values():
        for name, rest in instructions:
            if name != "COPY" or rest.startswith("--from"):
                continue
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert any(fnmatch(source, pattern) for pattern in allowed), source
    assert not any(fnmatch(name, pattern) for name in (".git", ".ambient", ".env") for pattern in allowed)


def test_images_are_pinned(compose: dict[str, Any], targets: dict[str, list[tuple[str, str]]]) -> None:
    """By a version each; none is the latest of the day."""
    bases = {rest.split()[0] for instructions in targets.values() for _, rest in instructions[:1]}
    for image in (bases - targets.keys()) | {service["image"] for service in compose["services"].values()}:
        assert VERSION.fullmatch(image) or OWN.fullmatch(image), image


def test_every_service_starts_what_there_is(compose: dict[str, Any]) -> None:
    """Commands and health checks name processes of the product, each of which some service runs."""
    known = commands(conf.load())
    run = set()
    for name, service in compose["services"].items():
        if not OWN.fullmatch(service["image"]) or name == "prepare":
            continue
        [command] = service["command"]
        assert command in known
        run.add(command)
        assert (service["init"], service["read_only"], service["cap_drop"]) == (True, True, ["ALL"])
        if command != "web":  # whose check is the image's own
            assert service["healthcheck"]["test"][1:] == ["python", "-m", "ambient.serve", command, "--check"]
    assert run == known.keys()
    assert compose["services"]["prepare"]["entrypoint"][:3] == ["python", "manage.py", "prepare"]


def test_services_volumes_and_secrets_are_declared(compose: dict[str, Any]) -> None:
    """What refers to something names something, and every file that is mounted is there."""
    assert compose.keys() <= {"name", "x-ambient", "services", "secrets", "volumes"}
    services = compose["services"]
    for service in services.values():
        assert set(service.get("depends_on", ())) <= services.keys()
        assert set(service.get("secrets", ())) <= compose["secrets"].keys()
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            assert source in compose["volumes"] or (DOCKER / source).exists(), source
        assert (
            "healthcheck" in service
            or service.get("profiles") == ["observe"]
            or service["command"] == ["web"]
        )
    profiles = {profile for service in services.values() for profile in service.get("profiles", ())}
    assert profiles == {"cpu", "gpu", "observe"}


def test_the_broker_forgets_nothing_and_keeps_nothing(compose: dict[str, Any]) -> None:
    """Redis neither evicts nor writes to a disk (docs/journal.md)."""
    command = " ".join(compose["services"]["redis"]["command"])
    assert "--maxmemory-policy noeviction" in command
    assert "--save  --appendonly no" in command


def example() -> set[str]:
    lines = (DOCKER / ".env.example").read_text().splitlines()
    return {line.partition("=")[0] for line in lines if line and not line.startswith("#")}


def test_the_example_has_what_is_asked_for_and_nothing_unknown() -> None:
    """Every variable that compose.yaml takes stands in .env.example, and each there is on a page."""
    text = (DOCKER / "compose.yaml").read_text()
    asked = set(re.findall(r"\$\{(\w+)", text)) | set(re.findall(r"^    environment: (\w+)$", text, re.M))
    assert asked <= example()
    pages = [(ROOT / "docs" / name).read_text() for name in ("configuration.md", "deployment.md")]
    for name in example():
        assert any(f"`{name}`" in page for page in pages), name


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis.from_url(settings.REDIS_URL) as client:
        yield client


def test_a_check_says_whether_a_process_is_alive(redis: Redis) -> None:
    """Of workers by their word in Redis, of beat by its last sweep, of the web server by its answer."""

    def check(name: str) -> int:
        command = [sys.executable, "-m", "ambient.serve", name, "--check"]
        environment = os.environ | {"PORT": "1"}
        return subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True).returncode

    worker = f"ambient:worker:live:live@{socket.gethostname()}"
    sweep = swept_key("tasks.upkeep.sweep_runs")
    redis.delete(worker, sweep)
    assert (check("live"), check("beat"), check("web")) == (1, 1, 1)
    redis.set(worker, "ready", ex=30)
    redis.set(sweep, time.time(), ex=30)
    assert serve.is_alive("live", conf.load())
    assert check("beat") == 0
    redis.set(sweep, time.time() - 2 * serve.LONGEST_WITHOUT_SWEEP_S, ex=30)
    assert not serve.is_alive("beat", conf.load())
    redis.delete(worker, sweep)


def test_compose_reads_it() -> None:
    """`docker compose config` takes the file, where a client with compose is there."""
    docker = shutil.which("docker")
    if (
        docker is None
        or subprocess.run([docker, "compose", "version"], check=False, capture_output=True).returncode
    ):
        pytest.skip("no docker client with compose")
    command = [docker, "compose", "--project-directory", "docker", "--env-file", "docker/.env.example"]
    environment = os.environ | {"POSTGRES_PASSWORD": "given", "COMPOSE_PROFILES": "cpu,gpu,observe"}
    done = subprocess.run(
        [*command, "config", "--quiet"],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
