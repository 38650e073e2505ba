"""Settings of all tests."""

from __future__ import annotations

import pytest
from hypothesis import settings

# The machine is shared: how long an example takes says nothing about the code.
settings.register_profile("default", deadline=None, max_examples=60)
settings.load_profile("default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast ones first: what starts the whole stack comes last."""
    items.sort(key=lambda item: item.get_closest_marker("stack") is not None)
