"""The review page in a real browser, on the shipped call with its recording and what the stages found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from conversations.models import Conversation
from tests.pages.conftest import Opener, shoot
from tests.pages.reviewed import reviewed_call

pytestmark = pytest.mark.timeout(120)
ASKED_AFTER_SORROW = "May I ask how old you are?"
EXPORTS = {
    "Text": "Robert Miller: Hello. My name is Robert Miller.",
    "SRT subtitles": "00:00:00,800 --> ",
    "WebVTT subtitles": "WEBVTT",
    "JSON with words": '"version":"final"',
    "JSON, the library's v2": '"segments"',
}
PAINTED = "(name) => [...(CSS.highlights.get(name) ?? [])].map(String)"
"""The texts that a custom highlight lies over."""


@pytest.fixture
def call(person: User) -> Conversation:
    return reviewed_call(person)


def review(opened: Opener, call: Conversation, **options: bool) -> Page:
    page = opened(f"/conversations/{call.pk}", **options)
    page.locator("body[data-ready]").wait_for(state="attached")
    return page


def painted(page: Page, name: str) -> list[str]:
    found: list[str] = page.evaluate(PAINTED, name)
    return found


def now_s(page: Page) -> float:
    return float(page.locator("#audio").evaluate("(audio) => audio.currentTime"))


def line(page: Page, text: str) -> str:
    """Selector of the line that says so."""
    return f".line:has-text('{text}')"


def test_everything_that_was_found_is_shown(call: Conversation, opened: Opener) -> None:
    """Turns by speaker with names marked, the outline, summary, category, answers, seventeen lights, talk
    time, and which engine made what; in pictures by day, by night, wide and narrow."""
    page = review(opened, call)
    expect(page.locator("#title")).to_have_text("A call to a family health clinic")
    assert page.locator(".turn h3").all_inner_texts()[:3] == ["Grace", "Robert Miller", "Grace"]
    expect(page.locator(".line")).to_have_count(30)
    assert {"Robert Miller", "Chicago"} <= set(page.locator("mark.entity").all_inner_texts())
    expect(page.locator("#summary")).to_contain_text("headache")
    expect(page.locator("#summary")).not_to_contain_text("SPEAKER_")
    expect(page.locator(".category-path")).not_to_be_empty()
    expect(page.locator(".answers")).to_contain_text("I am allergic to penicillin")
    expect(page.locator("#lights li[data-metric]")).to_have_count(17)
    assert set(page.locator("#lights .light").all_inner_texts()) <= {"✓", "✗", "–"}
    expect(page.locator(".people li")).to_have_count(3)
    expect(page.locator("#made li").first).to_be_visible()
    expect(page.locator("#wave-note")).to_be_empty()
    page.get_by_role("button", name="Play from 0:13", exact=True).click()
    page.wait_for_function("() => document.getElementById('audio').currentTime > 14.5")
    shoot(page, "review-light")
    for options in ({"dark": True}, {"phone": True}, {"phone": True, "dark": True}):
        other = review(opened, call, **options)
        expect(other.locator("#wave-note")).to_be_empty()
        name = "-".join(["review", *options, *([] if "dark" in options else ["light"])])
        shoot(other, name)
        if "phone" in options:
            other.get_by_role("button", name="Findings").click()
            shoot(other, f"{name}-findings", full_page=True)


def test_playback_follows_the_words_and_a_click_seeks(call: Conversation, opened: Opener) -> None:
    """The line and the word that are heard are marked; a click on a word, on the outline and the arrow keys
    seek; a recording comes in ranges."""
    page = review(opened, call)
    ranges: list[str] = []
    page.on("request", lambda asked: ranges.append(asked.headers.get("range", "")))
    page.get_by_role("button", name="Play from 0:13", exact=True).click()
    expect(page.locator(".line.now")).to_contain_text("I am very sorry to hear that")
    page.wait_for_function("() => [...(CSS.highlights.get('spoken') ?? [])].length === 1")
    assert painted(page, "spoken")[0] in "I am very sorry to hear that. I understand how hard this must be."
    expect(page.locator(".line.now")).to_contain_text(ASKED_AFTER_SORROW, timeout=15_000)
    page.get_by_role("button", name="Pause").click()

    page.locator(".entity", has_text="Chicago").click()
    assert 24.0 < now_s(page) < 25.3
    expect(page.locator(".line.now")).to_contain_text("I live in Chicago")
    assert painted(page, "spoken") == ["Chicago"]
    wave = page.get_by_role("slider", name="Position in the recording")
    before = now_s(page)
    wave.press("ArrowRight")
    assert now_s(page) == pytest.approx(before + 5, abs=0.1)
    wave.press("Home")
    assert now_s(page) == 0
    box = wave.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 10)
    assert now_s(page) == pytest.approx(86.346 / 2, abs=0.5)


def test_every_claim_leads_to_the_words_that_say_so(call: Conversation, opened: Opener) -> None:
    """A click on the evidence of an answer or of a light, or on a decision, shows the words and plays."""
    page = review(opened, call)
    answer = page.locator(".answers > div", has_text="allergic to penicillin")
    answer.get_by_role("button").click()
    expect(page.locator(line(page, "I am allergic to penicillin"))).to_be_in_viewport()
    assert painted(page, "quote") == ["I am allergic to penicillin."]
    page.wait_for_function("() => !document.getElementById('audio').paused")
    assert 40.0 < now_s(page) < 46.0

    light = page.locator("[data-metric=uses_closing_phrase]")
    light.locator("summary").click()
    light.get_by_role("button").first.click()
    expect(page.locator(line(page, "have a nice day"))).to_be_in_viewport()
    page.locator("#summary button.evidence", has_text="fifth of March").click()
    expect(page.locator(line(page, "We decided to see you again"))).to_be_in_viewport()
    page.locator(".entity-chip", has_text="Chicago").click()
    assert painted(page, "quote") == ["Chicago"]


def test_naming_and_correcting(call: Conversation, opened: Opener) -> None:
    """A speaker's new name stands everywhere, a corrected line shows what was heard, and both are still there
    after a reload; what the interface refuses is said where it was asked."""
    page = review(opened, call, refused=True)
    page.get_by_role("button", name="Rename Robert Miller").click()
    page.get_by_label("What to call").fill("Bob")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".turn h3").nth(1)).to_have_text("Bob")
    expect(page.locator(".people")).to_contain_text("Bob")

    said = page.locator(line(page, "I live in Chicago"))
    said.hover()
    said.get_by_role("button", name=re.compile("Correct")).click()
    box = page.get_by_label("What was said")
    box.fill("x" * 10_000)
    box.evaluate("(box) => { box.removeAttribute('maxlength'); box.value += 'x'; }")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".line [role=alert]")).to_contain_text("10000")
    box.fill("I live in Cicero.")
    box.press("Control+Enter")
    corrected = page.locator(line(page, "I live in Cicero."))
    expect(corrected.locator("summary")).to_have_text("corrected")

    page.reload()
    page.locator("body[data-ready]").wait_for(state="attached")
    expect(page.locator(".turn h3").nth(1)).to_have_text("Bob")
    corrected.locator("summary").click()
    expect(corrected).to_contain_text("Heard: I live in Chicago.")
    assert "Chicago" not in page.locator("mark.entity").all_inner_texts()


def test_versions_side_by_side(call: Conversation, opened: Opener) -> None:
    """Words that only one of the versions has are marked in it, in the row of their time."""
    page = review(opened, call)
    page.get_by_role("button", name="Live", exact=True).click()
    expect(page.locator(".turns")).to_contain_text("pen a sill in")
    page.get_by_role("button", name="Compare").click()
    row = page.locator(".comparison tr", has_text="I am allergic to")
    expect(row.locator("del")).to_have_text("pen a sill in.")
    expect(row.locator("ins")).to_have_text("penicillin.")
    expect(page.locator(".comparison tr", has_text="I live in Chicago").locator("del, ins")).to_have_count(0)
    expect(page.locator(".comparison [role=status]")).to_contain_text("words of the live version")
    shoot(page, "review-compare")
    page.get_by_role("button", name="Final", exact=True).click()
    expect(page.locator(".turns")).to_contain_text("penicillin")


def test_export(call: Conversation, opened: Opener, tmp_path: Path) -> None:
    """Each of the five formats comes as a file."""
    page = review(opened, call)
    for name, content in EXPORTS.items():
        page.locator("#export summary").click()
        with page.expect_download() as download:
            page.get_by_role("link", name=name, exact=True).click()
        download.value.save_as(tmp_path / "export")
        assert content in (tmp_path / "export").read_text()


def test_erasing_asks_first(call: Conversation, opened: Opener) -> None:
    """Kept after "no"; after "yes" the list comes, without it, and its address says that it is not there."""
    page = review(opened, call)
    page.get_by_role("button", name="Erase", exact=True).click()
    page.get_by_role("button", name="Keep it").click()
    page.reload()
    page.locator("body[data-ready]").wait_for(state="attached")
    page.get_by_role("button", name="Erase", exact=True).click()
    shoot(page, "review-erase")
    page.get_by_role("button", name="Erase for good").click()
    page.wait_for_url("**/conversations")
    expect(page.locator("#count")).to_have_text("No conversation is like that.")
    page = opened(f"/conversations/{call.pk}", refused=True)
    expect(page.locator("#message")).to_contain_text("There is no such conversation")


def test_finding_in_the_words(call: Conversation, opened: Opener) -> None:
    """What the list searched for is looked for here too; Enter goes from one to the next."""
    page = opened(f"/conversations/{call.pk}?find=headache")
    expect(page.locator("#find-count")).to_have_text("1 of 2")
    assert painted(page, "found") == ["headache", "headache"]
    page.locator("#find-text").press("Enter")
    expect(page.locator("#find-count")).to_have_text("2 of 2")
    expect(page.locator(line(page, "So you have had a headache"))).to_be_in_viewport()
    page.locator("#find-text").fill("zebra crossing")
    expect(page.locator("#find-count")).to_have_text("none")


def test_by_keyboard_alone(call: Conversation, opened: Opener) -> None:
    """The first tab leads past the bar; lines are one stop, with arrows between them; Enter plays, space
    pauses."""
    page = review(opened, call)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.locator("button.when").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_function("() => !document.getElementById('audio').paused")
    assert now_s(page) >= 7.0
    page.locator("#main").focus()
    page.keyboard.press(" ")
    page.wait_for_function("() => document.getElementById('audio').paused")
