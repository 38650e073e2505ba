"""Structured logs: JSON lines for machines, with session_id and task_id where there are any.

No transcript text and no key is ever logged; an address is logged without its query, which may hold a token.
"""

from __future__ import annotations

from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger


def without_query(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Cut `?…` from the request line that django-structlog binds."""
    request = event.get("request")
    if isinstance(request, str) and "?" in request:
        event["request"] = request.split("?", 1)[0]
    return event


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    without_query,
]


def logging_settings(level: str) -> dict[str, Any]:
    """Django's LOGGING; structlog is configured beside it."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*SHARED, structlog.processors.format_exc_info],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(),
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.channels.server": {"level": "WARNING"},  # prints addresses whole
            "django.request": {"level": "ERROR"},
            "urllib3": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
        },
    }
