"""DATABASE_URL to Django's dict, by libpq's own URL parser."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

POOL = {"min_size": 0, "max_size": 20, "timeout": 5.0, "reconnect_timeout": 4.0}
"""Seconds. A server that is away is tried after 1 s and 3 s more, and then whoever waits for a connection is
told. Left to itself the pool would double its pauses for five minutes, and sit one out while the server is
long back; told in time, whoever asks again starts it anew."""


def database_from_url(url: str) -> dict[str, Any]:
    """Raises ImproperlyConfigured for what libpq does not read; the message never repeats the URL."""
    try:
        parts = dict(conninfo_to_dict(url))
    except ProgrammingError as error:
        raise ImproperlyConfigured("DATABASE_URL is not a postgresql:// URL that libpq reads") from error
    fields = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    config: dict[str, Any] = {"ENGINE": "django.db.backends.postgresql"}
    for django_name, libpq_name in fields.items():
        config[django_name] = str(parts.pop(libpq_name, None) or "")
    # A pool rather than one connection a thread: consumers' threads come and go.
    config["OPTIONS"] = {**parts, "pool": POOL}
    config["CONN_HEALTH_CHECKS"] = True  # connections that a restarted server left dead are not handed out
    return config
