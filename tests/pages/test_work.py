"""Asking, running again and stopping from the page, with a real worker that does the work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from conversations.dispatch import BATCH_QUEUE, CPU_QUEUE
from conversations.models import Conversation
from tests.pages.conftest import Opener, shoot
from tests.pages.reviewed import reviewed_call
from tests.tasks.conftest import celery_worker

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def call(person: User) -> Conversation:
    return reviewed_call(person)


@pytest.fixture
def worker(call: Conversation, settings: Any) -> Iterator[None]:
    """The pipeline's worker with the embedded engines; it reads recordings where this test keeps them."""
    queues = f"{BATCH_QUEUE},{CPU_QUEUE}"
    root = str(Path(settings.MEDIA_ROOT))
    with celery_worker(queues, "-P", "prefork", "-c", "1", AMBIENT_MEDIA_ROOT=root):
        yield


def test_asking_and_running_again(call: Conversation, worker: None, opened: Opener) -> None:
    """A question is answered with its evidence, one that nobody answered says so; a run's stages are shown
    while they work, what they find appears by itself, and the page says what each was made by."""
    page = opened(f"/conversations/{call.pk}")
    page.locator("body[data-ready]").wait_for(state="attached")
    question = page.get_by_placeholder("Ask about this conversation")
    question.fill("What is the patient allergic to?")
    page.get_by_role("button", name="Ask", exact=True).click()
    answer = page.locator(".answers > div").first
    expect(answer.locator(".tag")).to_have_text("asked here", timeout=60_000)
    expect(answer).to_contain_text("penicillin")
    answer.get_by_role("button").first.click()
    expect(page.locator(".line.now")).to_contain_text("penicillin")

    question.fill("Which football club won the cup?")
    question.press("Enter")
    expect(page.locator("#ask-state")).to_have_text("This conversation does not say.", timeout=60_000)

    page.locator("#again").click()
    page.get_by_role("checkbox", name="quality").check()
    page.get_by_role("checkbox", name="summary").check()
    page.locator("#rerun").get_by_role("button", name="Run again").click()
    page.locator("#progress").wait_for()
    shoot(page, "review-progress")
    expect(page.locator("#progress")).to_be_hidden(timeout=90_000)
    expect(page.locator("#meta .chip")).to_have_text("done")
    expect(page.locator("#quality-note")).to_contain_text("that the call gave occasion for")


def test_stopping(call: Conversation, opened: Opener) -> None:
    """A run that waits for a worker is stopped, and says so; what was found before is still shown."""
    page = opened(f"/conversations/{call.pk}")
    page.locator("body[data-ready]").wait_for(state="attached")
    page.locator("#again").click()
    page.locator("#rerun").get_by_role("button", name="Run again").click()
    expect(page.locator("#again")).to_be_hidden()
    page.get_by_role("button", name="Stop the analysis").click()
    expect(page.locator("#meta .chip")).to_have_text("stopped")
    expect(page.locator("#progress")).to_be_hidden()
    expect(page.locator(".answers")).to_contain_text("penicillin")
