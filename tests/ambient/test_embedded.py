"""The embedded database and broker are the real ones."""

from __future__ import annotations

import pytest
import redis
from django.conf import settings
from django.db import connection


@pytest.mark.django_db
def test_the_database_is_postgresql_15_or_newer() -> None:
    """Rows go to a real PostgreSQL, never to a stand-in."""
    with connection.cursor() as cursor:
        cursor.execute("show server_version_num")
        row = cursor.fetchone()
    assert row is not None
    assert int(row[0]) >= 150_000


def test_the_broker_is_redis() -> None:
    """Keys go to a real Redis."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.set("ambient:test", "1", ex=5)
    assert client.get("ambient:test") == b"1"
