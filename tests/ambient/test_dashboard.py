"""The admin over a large installation: its first page says how things stand; no page loads a long session."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from redis import Redis

from ambient.dashboard import dashboard
from conversations.metrics import catalogue
from conversations.metrics.tally import COUNTS_KEY, TALLY
from conversations.models import Conversation, PipelineRun, StageRun
from sessions.load import STANDING_KEY
from sessions.models import RealTimeSession, RealTimeSessionMetrics, RealTimeTranscriptChunk

SESSIONS, CHUNKS = 10_000, 20_000
MOST_QUERIES = 40
"""A conversation's page has ten sections of up to three each; the others take half of it."""
MOST_BYTES = 200_000


@pytest.fixture
def browser(db: None, settings: Any) -> Client:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    client = Client()
    client.force_login(User.objects.create_superuser("operator"))
    return client


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis.from_url(django_settings.REDIS_URL) as client:
        client.delete(COUNTS_KEY)
        yield client


def make_sessions(count: int) -> list[RealTimeSession]:
    """Each with a conversation; every tenth was interrupted. The first one runs."""
    owner = User.objects.create_user("speaker")
    now = timezone.now()
    conversations = Conversation.objects.bulk_create(
        Conversation(id=uuid4(), owner=owner, source=Conversation.Source.LIVE, session_id=f"s-{n}")
        for n in range(count)
    )
    rows = RealTimeSession.objects.bulk_create(
        RealTimeSession(
            session_id=f"s-{n}",
            owner=owner,
            conversation=conversation,
            protocol="transcribe",
            encoding="pcm_s16le",
            sample_rate_hz=16_000,
            channels=1,
            status="interrupted" if n % 10 == 9 else "completed" if n else "active",
            end_reason="client_vanished" if n % 10 == 9 else "end_session" if n else "",
            ended_at=now if n else None,
            lease_until=None if n else now + timedelta(minutes=5),
        )
        for n, conversation in enumerate(conversations)
    )
    RealTimeSessionMetrics.objects.bulk_create(
        RealTimeSessionMetrics(session=row, latency_p95_ms=400.0, real_time_factor=0.2) for row in rows[-100:]
    )
    return rows


def make_chunks(session: RealTimeSession, count: int) -> None:
    now = timezone.now()
    RealTimeTranscriptChunk.objects.bulk_create(
        (
            RealTimeTranscriptChunk(
                session=session,
                chunk_index=n,
                segment_id=n,
                revision=0,
                text="a line that somebody said, of ordinary length, in a call that took very long",
                start_s=n,
                end_s=n + 1,
                segments=[{"text": "word", "start": n, "end": n + 1}] * 10,
                model_used="tiny",
                processing_time_ms=80,
                audio_size_bytes=32_000,
                received_at=now,
                queued_at=now + timedelta(milliseconds=10),
                started_at=now + timedelta(milliseconds=30),
                decoded_at=now + timedelta(milliseconds=130),
                committed_at=now + timedelta(milliseconds=140),
                sent_at=now + timedelta(milliseconds=145),
            )
            for n in range(count)
        ),
        batch_size=2000,
    )


def fail_stages(conversation: Conversation, count: int) -> None:
    now = timezone.now()
    for number in range(1, count + 1):
        run = PipelineRun.objects.create(conversation=conversation, number=number)
        StageRun.objects.create(
            run=run,
            name="summary",
            position=1,
            status="failed",
            attempts=3,
            finished_at=now - timedelta(minutes=number),
            error=f"<b>no room</b> {number}",
        )


@pytest.mark.timeout(300)
def test_no_page_grows_with_what_is_kept(browser: Client, redis: Redis) -> None:
    """With 10,000 sessions, one of them of 20,000 chunks, each page takes few queries and stays small."""
    sessions = make_sessions(SESSIONS)
    make_chunks(sessions[0], CHUNKS)
    fail_stages(sessions[0].conversation, 30)
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    long_one = sessions[0]
    pages = {
        "first page": "/admin/",
        "sessions": "/admin/realtime/realtimesession/",
        "found by id": "/admin/realtime/realtimesession/?q=s-77",
        "the long session": f"/admin/realtime/realtimesession/{long_one.pk}/change/",
        "its chunks": f"/admin/realtime/realtimetranscriptchunk/?session__id__exact={long_one.pk}",
        "its last chunks": f"/admin/realtime/realtimetranscriptchunk/?session__id__exact={long_one.pk}&p=200",
        "conversations": "/admin/conversations/conversation/",
        "its conversation": f"/admin/conversations/conversation/{long_one.conversation_id}/change/",
    }
    measured = []
    for name, address in pages.items():
        browser.get(address)  # templates are read
        with CaptureQueriesContext(connection) as queries:
            began_s = time.perf_counter()
            response = browser.get(address)
            took_ms = (time.perf_counter() - began_s) * 1000
        assert response.status_code == 200, name
        assert len(queries) <= MOST_QUERIES, name
        assert len(response.content) <= MOST_BYTES, name
        measured.append(f"| {name} | {len(queries)} | {len(response.content) / 1024:.0f} | {took_ms:.0f} |")
    print("\n".join(measured))  # pytest -s: the table of docs/benchmarks.md


def test_the_first_page_says_how_things_stand(browser: Client, redis: Redis) -> None:
    """Sessions, queues, processes, stages with their failures and the last errors, escaped."""
    sessions = make_sessions(30)
    fail_stages(sessions[0].conversation, 12)
    redis.set(
        f"{STANDING_KEY}web-1", '{"sessions": 1, "lag_s": 1.5, "loop_delay_s": 0.2, "saturated": true}', ex=9
    )
    TALLY.take()
    catalogue.STAGES.add(3, "summary", "succeeded")
    catalogue.STAGES.add(1, "summary", "failed")
    catalogue.STAGE_DURATION.observe(3.0, "summary")
    catalogue.STAGE_DURATION.observe(1.0, "summary")
    TALLY.ship()
    said = dashboard()
    assert said.sessions == {"active": 1, "paused": 0}
    assert (said.lag_s, said.latency_p95_ms, said.real_time_factor) == (1.5, 400.0, 0.2)
    assert said.interrupted == {"client_vanished": 3}
    assert len(said.failed_stages) == 10
    [rate] = said.stages
    assert (rate.attempts, rate.failed, rate.failed_ratio, rate.mean_s) == (4, 1, 0.25, 2.0)
    page = browser.get("/admin/").content.decode()
    for words in ("saturated", "&lt;b&gt;no room&lt;/b&gt; 1", "client_vanished", "web-1", "of 100"):
        assert words in page


def test_it_is_for_who_may_see_sessions(browser: Client, redis: Redis) -> None:
    """Other staff get the plain first page."""
    staff = User.objects.create_user("clerk", is_staff=True)
    browser.force_login(staff)
    assert "ambient-dashboard" not in browser.get("/admin/").content.decode()
    staff.user_permissions.add(Permission.objects.get(codename="view_realtimesession"))
    assert "ambient-dashboard" in browser.get("/admin/").content.decode()


def test_it_stands_without_redis(browser: Client, settings: Any) -> None:
    """What Redis would say is left out, and that it does not answer is said."""
    settings.REDIS_URL = "redis://127.0.0.1:1"
    page = browser.get("/admin/").content.decode()
    assert "does not answer" in page
