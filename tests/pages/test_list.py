"""The list of conversations in a real browser: search, filters, pages, and what stands in the address."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from conversations.models import Conversation, Segment
from tests.pages.conftest import Opener, shoot

pytestmark = pytest.mark.timeout(120)
TITLES = (
    ("A call to a family health clinic", "live", "completed", "en", 86.3),
    ("Order 4711 is late", "text", "completed", "en", 0.0),
    ("Simu ya asubuhi", "upload", "partial", "sw", 431.0),
    ("Reklamation Waschmaschine", "upload", "failed", "de", 212.0),
    ("Board meeting, third quarter", "live", "processing", "en", 3605.0),
)


@pytest.fixture
def some(person: User) -> list[Conversation]:
    """Sixty, newest last; the last five with titles of their own, one of which speaks of a refund."""
    made = [
        Conversation(
            owner=person, source="upload", title=f"call {number}.wav", language="en", duration_s=60.0,
            status="completed",
        )
        for number in range(55)
    ]  # fmt: skip
    made += [
        Conversation(owner=person, title=title, source=source, status=status, language=tag, duration_s=long)
        for title, source, status, tag, long in TITLES
    ]
    Conversation.objects.bulk_create(made)
    for number, row in enumerate(made):
        created = timezone.now() - timedelta(hours=len(made) - number)
        Conversation.objects.filter(pk=row.pk).update(created_at=created)
    Segment.objects.create(
        conversation=made[56],
        version="live",
        number=0,
        start_s=0,
        end_s=1,
        text="I want a refund please.",
    )
    return made


def test_search_filters_and_pages(some: list[Conversation], opened: Opener) -> None:
    """Newest first in pages; what is searched for and filtered by stands in the address, so that going back
    and opening it anew show the same; a hit leads to the words on the page of its conversation."""
    page = opened("/conversations")
    names = page.locator("#rows .name")
    expect(names).to_have_count(50)
    expect(names.first).to_have_text("Board meeting, third quarter")
    shoot(page, "list-light")
    page.get_by_role("button", name="Older").click()
    expect(names).to_have_count(10)
    expect(page.get_by_role("button", name="Older")).to_be_hidden()
    page.get_by_role("button", name="Newer").click()
    expect(names).to_have_count(50)

    page.get_by_label("State").select_option("failed")
    expect(names).to_have_text(["Reklamation Waschmaschine"])
    assert "status=failed" in page.url
    page.go_back()
    expect(names).to_have_count(50)
    page.get_by_label("Search in what was said").fill("REFUND")
    page.keyboard.press("Enter")
    expect(names).to_have_text(["Order 4711 is late"])
    page.reload()
    expect(names).to_have_text(["Order 4711 is late"])
    names.first.click()
    page.wait_for_url(f"**/conversations/{some[56].pk}?find=REFUND")
    expect(page.locator("#find-count")).to_have_text("1 of 1")
    page.go_back()
    page.get_by_label("From").select_option("live")
    expect(page.locator("#count")).to_have_text("No conversation is like that.")
    page.get_by_role("button", name="Clear").click()
    expect(names).to_have_count(50)
    dark = opened("/conversations", dark=True, phone=True)
    dark.locator("#rows li").first.wait_for()
    shoot(dark, "list-phone-dark")
