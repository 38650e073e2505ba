"""The admin's first page in a browser: everything fits, on a desktop and a phone, and nothing is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from redis import Redis

from conversations.metrics import catalogue
from conversations.metrics.tally import COUNTS_KEY, TALLY
from sessions.load import STANDING_KEY
from tests.ambient.test_dashboard import fail_stages, make_sessions
from tests.browser import chromium

PICTURES = Path(__file__).resolve().parents[1] / "screenshots"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_first_page_fits(
    live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch, width: int, scheme: Any
) -> None:
    """Nothing is wider than the window, no console error; the picture is kept in tests/screenshots."""
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright runs a loop in this thread
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    sessions = make_sessions(60)
    fail_stages(sessions[0].conversation, 4)
    TALLY.take()
    with Redis.from_url(django_settings.REDIS_URL) as redis:
        redis.delete(COUNTS_KEY)
        standing = '{"sessions": 1, "lag_s": 0.4, "loop_delay_s": 0.002, "saturated": false}'
        redis.set(f"{STANDING_KEY}web-1-4711", standing, ex=30)
    for stage in ("diarization", "summary", "transcription"):
        catalogue.STAGES.add(40, stage, "succeeded")
        catalogue.STAGE_DURATION.observe(2.5, stage)
    catalogue.STAGES.add(4, "summary", "failed")
    TALLY.ship()
    client = Client()
    client.force_login(User.objects.create_superuser("operator"))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    PICTURES.mkdir(exist_ok=True)
    errors: list[str] = []
    with chromium() as browser:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.goto(f"{live_server.url}/admin/")
        assert page.locator("#ambient-dashboard").is_visible()
        page.screenshot(path=PICTURES / f"admin-first-page-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert errors == []
