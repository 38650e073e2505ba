"""Chromium on the live page, with a recording for a microphone, and what is expected of every page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, expect

from ambient.stack.stack import Stack
from tests.browser import chromium

SCREENSHOTS = Path(__file__).parent.parent / "screenshots"
"""Ignored by git; the best are copied to docs/pictures."""
SOON_MS = 30_000
GRAVE = {"serious", "critical"}
SIZES = {"desktop": (1280, 800), "phone": (390, 780)}
expect.set_options(timeout=SOON_MS)


@dataclass  # without slots: Playwright remembers its listeners on the object
class Visit:
    """A page, and what it complained of: console errors and warnings, exceptions, the policy."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    ignored: tuple[str, ...] = ()

    def note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complain(message.text)

    def complain(self, text: str) -> None:
        if not any(part in text for part in self.ignored):
            self.complaints.append(text)

    def start(self, key: str = "", *, recording: Path | None = None) -> None:
        if key:
            self.page.fill("#key", key)
        if recording:
            self.page.check("input[value=file]", force=True)
            self.page.set_input_files("#file", recording)
        self.page.click("#start")

    def words(self) -> str:
        """Every line as it stands, finals and the newest partial."""
        return " ".join(self.page.locator("#words .words").all_inner_texts())

    def expect_words(self, count: int = 1) -> None:
        expect(self.page.locator("#words li:not(.open) .words").nth(count - 1)).to_be_visible()

    def expect_end(self) -> None:
        expect(self.page.locator("#after-analysis")).to_be_visible()

    def look(self, name: str) -> None:
        """Nothing serious for axe in light and dark; pictures of both, on a desk and on a phone."""
        SCREENSHOTS.mkdir(exist_ok=True)
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for device, (width, height) in SIZES.items():
                self.page.set_viewport_size({"width": width, "height": height})
                self.page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}-{device}.png")
            found = Axe().run(self.page).response["violations"]
            grave = [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in GRAVE]
            assert not grave, f"{name}, {scheme}: {grave}"
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": SIZES["desktop"][0], "height": SIZES["desktop"][1]})


@contextmanager
def visit(address: str, *, microphone: Path | None = None, ignored: tuple[str, ...] = ()) -> Iterator[Visit]:
    """A fresh browser at an address. Skips the test where there is no Chromium."""
    arguments = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        "--disable-background-networking",
        "--autoplay-policy=no-user-gesture-required",
    ]
    if microphone is not None:
        arguments.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
    with chromium(*arguments) as browser:
        page = browser.new_context(permissions=["microphone"], accept_downloads=True).new_page()
        page.set_default_timeout(SOON_MS)
        visited = Visit(page, ignored=ignored)
        page.on("console", visited.note)
        page.on("pageerror", lambda error: visited.complain(str(error)))
        page.goto(address)
        yield visited
        assert visited.complaints == []


def sign_in(page: Page, stack: Stack) -> None:
    """By name and password, on the page of that name."""
    page.get_by_role("link", name="Sign in", exact=True).first.click()
    page.get_by_label("Name").fill("ambient")
    page.get_by_label("Password").fill(stack.key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
