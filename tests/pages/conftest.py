"""A web server of the test's own, and a browser that is signed in to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.test import Client
from playwright.sync_api import ConsoleMessage, Page, ViewportSize

from ambient.asgi import application
from tests.browser import chromium
from tests.sessions.conftest import serving

SCREENSHOTS = Path(__file__).parents[1] / "screenshots"
LOUD = ("--autoplay-policy=no-user-gesture-required",)
TELL_VIOLATIONS = (
    "addEventListener('securitypolicyviolation', (v) => console.error(`CSP: ${v.violatedDirective}`))"
)
TOUCH = ViewportSize(width=390, height=844)
"""A phone's screen, in CSS pixels."""
WIDE = ViewportSize(width=1360, height=900)


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    # Nothing is collected for tests, so static files go by their plain names.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def person(transactional_db: None) -> User:
    return User.objects.create_user("ines")


@pytest.fixture
def address(person: User) -> Iterator[str]:
    """Of the web server, which gives static files from where they are written."""
    with serving(ASGIStaticFilesHandler(application)) as server:
        yield server.url.replace("ws", "http", 1)


Opener = Callable[..., Page]


@pytest.fixture
def opened(address: str, person: User) -> Iterator[Opener]:
    """Opens a path as the person (or nobody), `dark` or light, on a wide screen or a phone's; at its end
    no page may have said an error or broken its own policy."""
    faults: list[str] = []
    client = Client()
    client.force_login(person)
    session = client.cookies["sessionid"].value
    cookie: Any = {"name": "sessionid", "value": session, "url": address}

    def note(said: ConsoleMessage, refused: bool) -> None:
        if said.type == "error" and not (refused and said.text.startswith("Failed to load resource")):
            faults.append(said.text)

    with ExitStack() as stack:
        browser = stack.enter_context(chromium(*LOUD))

        def open_page(
            path: str,
            *,
            dark: bool = False,
            phone: bool = False,
            signed_in: bool = True,
            refused: bool = False,
        ) -> Page:
            """`refused`: the interface is expected to refuse something, which Chromium calls an error."""
            context = browser.new_context(
                color_scheme="dark" if dark else "light",
                viewport=TOUCH if phone else WIDE,
                has_touch=phone,
                locale="en-GB",
                timezone_id="UTC",
                accept_downloads=True,
            )
            stack.callback(context.close)
            if signed_in:
                context.add_cookies([cookie])
            page = context.new_page()
            page.set_default_timeout(20_000)
            page.on("console", lambda said: note(said, refused))
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.add_init_script(TELL_VIOLATIONS)
            page.goto(f"{address}{path}")
            return page

        yield open_page
    assert faults == []


def shoot(page: Page, name: str, **options: Any) -> None:
    """Keep a picture for people to look at; the folder is not in git."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", **options)
