"""`/metrics` tells of the whole installation, to those who may know, whatever of it is down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from redis.asyncio import Redis as Async

from ambient.metrics import shown_names
from conversations.metrics import catalogue
from conversations.metrics.tally import COUNTS_KEY
from conversations.services.access import create_key
from conversations.services.conversations import open_live_conversation
from sessions.figures import SessionFigures, StepTimes
from sessions.load import STANDING_KEY, LoadMeter
from sessions.meter import SampleMeter
from sessions.models import RealTimeSession
from sessions.telemetry import SessionTelemetry, note_final
from transcription.audio.formats import AudioFormat

STRANGER = "203.0.113.7"


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis.from_url(settings.REDIS_URL) as client:
        client.delete(COUNTS_KEY)
        yield client


def scrape(**request: Any) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    response = Client().get("/metrics", **request)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    families = list(text_string_to_metric_families(response.content.decode()))
    assert {sample.name for family in families for sample in family.samples} <= shown_names()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def of(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


def make_key(*scopes: str) -> str:
    owner, _ = get_user_model().objects.get_or_create(username="operator")
    return create_key(owner=owner, name="-".join(scopes), scopes=scopes)[1]


@pytest.mark.django_db
def test_only_this_machine_and_the_scope_admin_read_it(redis: Redis) -> None:
    """A stranger gets 401, a key without the scope 403; a proxy on this machine is not this machine."""
    assert Client().get("/metrics").status_code == 200
    assert Client().get("/metrics", REMOTE_ADDR="::1").status_code == 200
    assert Client().get("/metrics", REMOTE_ADDR=STRANGER).status_code == 401
    assert Client().get("/metrics", HTTP_X_FORWARDED_FOR=STRANGER).status_code == 401
    for scopes, status in ((("read", "live"), 403), (("admin",), 200)):
        header = f"Bearer {make_key(*scopes)}"
        answer = Client().get("/metrics", REMOTE_ADDR=STRANGER, HTTP_AUTHORIZATION=header)
        assert answer.status_code == status
    assert Client().post("/metrics").status_code == 405


@pytest.mark.django_db
def test_what_sessions_count_is_there(redis: Redis) -> None:
    """Frames, bytes, seconds, lag, decodes and each step of a final's way, counted once."""
    figures, meter = SessionFigures(frames_received=7), SampleMeter(AudioFormat("pcm_s16le", 16_000, 1))
    telemetry = SessionTelemetry(figures, meter)  # the seven were counted by the process before
    meter.count_bytes(32_000)
    figures.frames_received += 10
    figures.decodes_requested, figures.decodes_answered, figures.engine_ms = 3, 2, 500.0
    telemetry.note(lag_s=0.3)
    telemetry.note()
    note_final(StepTimes(100.0, 100.1, 100.2, 100.6, 100.61), 100.62)
    seen = scrape()
    assert seen[of("ambient_frames_total")] == 10
    assert seen[of("ambient_audio_bytes_total")] == 32_000
    assert seen[of("ambient_audio_seconds_total")] == 1.0
    assert seen[of("ambient_decodes_total", state="requested")] == 3
    assert seen[of("ambient_engine_seconds_total")] == 0.5
    assert seen[of("ambient_lag_seconds_count")] == 1
    assert seen[of("ambient_lag_seconds_bucket", le="0.25")] == 0
    assert seen[of("ambient_final_latency_seconds_sum")] == pytest.approx(0.62)
    assert seen[of("ambient_final_step_seconds_sum", step="started_decoded")] == pytest.approx(0.4)


@pytest.mark.django_db
def test_how_it_stands_now_is_there(redis: Redis) -> None:
    """Sessions by state, queues with depth and workers, and what each web process says of itself."""
    owner = get_user_model().objects.create_user("speaker")
    leases = {"held": timedelta(seconds=5), "lapsed": -timedelta(seconds=5)}
    for name, lease in leases.items():
        RealTimeSession.objects.create(
            session_id=name,
            owner=owner,
            conversation=open_live_conversation(
                owner_id=owner.pk, session_id=name, language="", store_audio=True
            ),
            protocol="transcribe",
            encoding="pcm_s16le",
            sample_rate_hz=16_000,
            channels=1,
            lease_until=timezone.now() + lease,
        )
    redis.set(
        f"{STANDING_KEY}one", '{"sessions": 4, "lag_s": 1.5, "loop_delay_s": 0.01, "saturated": false}', ex=9
    )
    redis.set("ambient:worker:live:live@one", "ready", ex=9)
    seen = scrape()
    assert seen[of("ambient_sessions", state="active")] == 1
    assert seen[of("ambient_sessions", state="paused")] == 1
    assert seen[of("ambient_up", part="database")] == 1
    assert seen[of("ambient_queue_depth", queue="live")] == 0
    assert seen[of("ambient_queue_workers", queue="live")] >= 1
    assert seen[of("ambient_web_lag_seconds", process="one")] == 1.5


@pytest.mark.django_db
def test_it_answers_without_redis(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """What does not answer is left out and said to be down."""
    from conversations.metrics import tally

    settings.REDIS_URL = "redis://127.0.0.1:1"
    monkeypatch.setattr(tally, "_redis", lambda: Redis.from_url(settings.REDIS_URL))
    seen = scrape()
    assert seen[of("ambient_up", part="redis")] == 0
    assert seen[of("ambient_up", part="database")] == 1


def test_names_and_help_are_in_order() -> None:
    """Every metric is named once, with the prefix, a unit where it has one, and a sentence."""
    names = [metric.name for metric in catalogue.CATALOGUE]
    assert len(names) == len(set(names)) > 20
    for metric in catalogue.CATALOGUE:
        assert metric.name.startswith("ambient_")
        assert metric.help.endswith(".")


class OneBehind:
    lag_s = 1.5


def test_a_process_is_saturated_by_a_late_loop_or_its_bound(settings: Any) -> None:
    """One long step sends nobody away; lasting delay does, until it is well below the bound again."""
    sessions = {str(number): OneBehind() for number in range(50)}
    meter = LoadMeter(Async(), sessions)
    meter.note(2.0)
    assert not meter.is_saturated
    for _ in range(200):
        meter.note(0.15)
    assert meter.is_saturated
    for _ in range(40):
        meter.note(0.03)
    assert 0.05 < meter.loop_delay_s < 0.1
    assert meter.is_saturated
    for _ in range(200):
        meter.note(0.0)
    assert not meter.is_saturated
    assert meter.standing() | {"loop_delay_s": 0} == {
        "sessions": 50,
        "lag_s": 1.5,
        "loop_delay_s": 0,
        "saturated": False,
    }
    live = replace(settings.AMBIENT.live, max_process_sessions=50)
    settings.AMBIENT = replace(settings.AMBIENT, live=live)
    assert meter.is_saturated
    del sessions["0"]
    assert not meter.is_saturated


@pytest.mark.django_db
def test_readyz_says_saturated(monkeypatch: pytest.MonkeyPatch, redis: Redis) -> None:
    """503 with nothing missing; what is missing goes before."""
    from sessions import hub
    from sessions.wire import ENGINE_KEY

    monkeypatch.setattr(hub, "is_saturated", lambda: True)
    for queue in ("live", "batch", "cpu"):
        redis.set(f"ambient:worker:{queue}:one", "ready", ex=9)
    redis.set(ENGINE_KEY, "{}", ex=9)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["status"], answer.json()["missing"]) == (503, "saturated", [])
    redis.delete(ENGINE_KEY)
    assert Client().get("/readyz").json()["status"] == "missing"
