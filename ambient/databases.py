"""DATABASE_URL to Django's dict, by libpq's own URL parser."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict


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
    config["OPTIONS"] = {**parts, "pool": {"min_size": 0, "max_size": 20, "timeout": 10}}
    return config
