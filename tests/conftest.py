"""Settings of all tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from redis import Redis

# The machine is shared: how long an example takes says nothing about the code.
settings.register_profile("default", deadline=None, max_examples=60)
settings.load_profile("default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast ones first: what starts the whole stack comes last."""
    items.sort(key=lambda item: item.get_closest_marker("stack") is not None)


@pytest.fixture(autouse=True)
def _no_wrong_keys(request: pytest.FixtureRequest) -> None:
    """What other tests' wrong keys from this machine left behind."""
    if {"db", "transactional_db"} & set(request.fixturenames):
        from conversations.wrong_keys import count_key  # Django is not there yet when this file is read

        with Redis.from_url(os.environ["REDIS_URL"]) as redis:
            redis.delete(count_key("127.0.0.1"))
