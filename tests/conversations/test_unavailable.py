"""A server that is away for the moment is not our fault in the caller's eyes: it is told to come again."""

from __future__ import annotations

import pytest
from django.db import InterfaceError, OperationalError
from redis.exceptions import ConnectionError as RedisAway

from conversations.api.errors import handle


@pytest.mark.parametrize("error", [OperationalError("row quoted"), InterfaceError(), RedisAway()])
def test_who_asks_while_a_server_is_away_is_told_to_come_again(error: Exception) -> None:
    """503 with Retry-After, and nothing of what the server said."""
    answer = handle(error, {})
    assert (answer.status_code, answer.data["error"]["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert "quoted" not in str(answer.data)
