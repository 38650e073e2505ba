"""Settings of all tests."""

from __future__ import annotations

from hypothesis import settings

# The machine is shared: how long an example takes says nothing about the code.
settings.register_profile("default", deadline=None, max_examples=60)
settings.load_profile("default")
