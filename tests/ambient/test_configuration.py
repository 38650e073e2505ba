"""The configuration: one page, one object, one check for every wrong value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from environs import Env

from ambient import checks, conf

ROOT = Path(__file__).resolve().parents[2]


def documented() -> set[str]:
    page = (ROOT / "docs" / "configuration.md").read_text()
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}


def read_by_the_code() -> set[str]:
    sources = [(ROOT / "ambient" / name).read_text() for name in ("conf.py", "settings.py")]
    pattern = r'(?:env\.\w+|os\.environ\.get)\(\s*"([A-Z_]+)"'
    named = {name for source in sources for name in re.findall(pattern, source)}
    return named | set(conf.STAGE_ENGINE_VARIABLES.values())


def test_every_variable_is_on_the_page_and_every_one_on_the_page_is_read() -> None:
    """docs/configuration.md and the code name the same variables (the hub reads its own two)."""
    assert documented() - {"HF_TOKEN", "HF_HOME"} == read_by_the_code()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in read_by_the_code():
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def identities(settings: conf.AmbientSettings) -> set[str | None]:
    return {problem.id for problem in checks.problems(settings)}


def test_the_defaults_pass(environment: pytest.MonkeyPatch) -> None:
    """An empty environment is a good one."""
    assert identities(conf.load(Env())) == set()


@pytest.mark.parametrize(
    ("name", "value", "identity"),
    [
        ("WEBSOCKET_MAX_CONNECTIONS", "0", "ambient.E001"),
        ("WEBSOCKET_RESUME_GRACE", "-1", "ambient.E002"),
        ("WEBSOCKET_SAMPLE_RATE", "4000", "ambient.E003"),
        ("WEBSOCKET_CHANNELS", "3", "ambient.E004"),
        ("WEBSOCKET_CHUNK_DURATION", "0.1", "ambient.E005"),
        ("WEBSOCKET_OVERLAP_DURATION", "5", "ambient.E006"),
        ("AMBIENT_PROCESS_SESSIONS", "-1", "ambient.E007"),
        ("AMBIENT_LIVE_ENGINE", "whisperer", "ambient.E010"),
        ("AMBIENT_BATCH_ENGINE", "no.such.Engine", "ambient.E010"),
        ("AMBIENT_SUMMARY", "no.such.Engine", "ambient.E010"),
        ("AMBIENT_NER", "somebodys", "ambient.E010"),
        ("AMBIENT_LIVE_ENGINE", "scripted", "ambient.W011"),
        ("AMBIENT_JOURNAL", "tape", "ambient.E020"),
        ("AMBIENT_SERVER", "apache", "ambient.E021"),
        ("LOG_LEVEL", "LOUD", "ambient.E022"),
        ("PORT", "70000", "ambient.E023"),
        ("AMBIENT_RETENTION_DAYS", "-2", "ambient.E024"),
        ("AMBIENT_TRANSCRIPTION_WAIT", "0", "ambient.E031"),
        ("AMBIENT_STREAM_TIMEOUT", "0", "ambient.E032"),
        ("AMBIENT_BOOTSTRAP_KEY", "short", "ambient.E025"),
        ("AMBIENT_ENCRYPTION_KEY", "not base64", "ambient.E026"),
        ("AMBIENT_LLM_MODEL", "one-without-an-address", "ambient.E027"),
        ("AMBIENT_ENCRYPTION_KEY", f"{'A' * 43}=,{'A' * 43}=", "ambient.E026"),
        ("AMBIENT_ENCRYPTION_KEY", f"{'A' * 43}=,short", "ambient.E026"),
        ("AMBIENT_LLM_BASE_URL", "http://127.0.0.1:9", "ambient.E027"),
        ("AMBIENT_OPEN_LOOPBACK", "1", "ambient.W028"),
    ],
)
def test_a_wrong_value_is_named(
    environment: pytest.MonkeyPatch, name: str, value: str, identity: str
) -> None:
    """Every check fires for the value that it is about, and has a hint."""
    environment.setenv(name, value)
    settings = conf.load(Env())
    assert identity in identities(settings)
    assert all(problem.hint for problem in checks.problems(settings))


def test_a_key_never_shows_in_the_settings_repr(environment: pytest.MonkeyPatch) -> None:
    """Settings printed by accident hold no secret."""
    environment.setenv("AMBIENT_BOOTSTRAP_KEY", "a-secret-of-some-length")
    assert "a-secret-of-some-length" not in repr(conf.load(Env()))
