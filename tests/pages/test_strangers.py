"""What the pages do with text that means harm and with strangers, and whether everybody can use them."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from conversations.access import access_from_key
from conversations.models import Answer, Conversation, PipelineRun, Stage, StageRun
from conversations.services.access import create_key, make_token
from conversations.services.words import SpeakerFigures, replace_final_segments
from tests.pages.conftest import Opener
from tests.pages.reviewed import reviewed_call
from transcription.models import Segment, Word

pytestmark = pytest.mark.timeout(120)
GRAVE = ("serious", "critical")
HARM = "document.body.dataset.harmed='yes'"
HOSTILE = f'<img src=x onerror="{HARM}"><script>{HARM}</script>'


@pytest.fixture
def hostile(person: User) -> Conversation:
    """Markup wherever people or engines may write."""
    conversation = Conversation.objects.create(
        owner=person, source="upload", title=HOSTILE, duration_s=4.0, language="en", status="completed"
    )
    words = tuple(Word(word, float(n), n + 1.0, None) for n, word in enumerate(HOSTILE.split()))
    replace_final_segments(
        conversation_id=conversation.pk,
        run_number=1,
        segments=[Segment(0, 0.0, 4.0, HOSTILE, speaker_id=HOSTILE[:32], words=words)],
        speakers=[
            SpeakerFigures(HOSTILE[:32], talk_time_s=4.0, talk_ratio=1.0, num_turns=1, name=HOSTILE[:120])
        ],
    )
    run = PipelineRun.objects.create(conversation=conversation, number=1, status="completed")
    quote = [{"segment_id": 0, "start": 0.0, "end": 4.0, "quote": HOSTILE}]
    light = {"submetric": "shows_empathy", "prediction": True, "score": "✓", "probability": 1.0}
    outputs = {
        Stage.SUMMARY: {
            "text": HOSTILE,
            "key_points": [HOSTILE],
            "decisions": [{"text": HOSTILE, "segment_id": 0}],
            "action_items": [{"text": HOSTILE, "speaker_id": HOSTILE[:32], "segment_id": 0}],
        },
        Stage.CLASSIFICATION: {"main_category": HOSTILE, "priority": HOSTILE, "confidence": 0.5},
        Stage.QUALITY: {"listening": [{**light, "evidence": quote}]},
        Stage.QA: [],
        Stage.EMOTION: None,
    }
    for position, (stage, output) in enumerate(outputs.items()):
        status = StageRun.Status.SUCCEEDED if output is not None else StageRun.Status.FAILED
        StageRun.objects.create(
            run=run,
            name=stage,
            position=position,
            status=status,
            output=output,
            engine=HOSTILE[:80],
            error=HOSTILE,
        )
    Answer.objects.create(
        conversation=conversation,
        run_number=1,
        question_key="k",
        question=HOSTILE,
        answer=HOSTILE,
        status="answered",
        evidence=quote,
    )
    return conversation


def unharmed(page: Page) -> None:
    assert page.locator("main img, main script").count() == 0
    assert page.evaluate("() => document.body.dataset.harmed") is None


def test_text_stays_text(hostile: Conversation, opened: Opener) -> None:
    """Markup in a title, a name, a line or any finding is shown as it was written and does nothing."""
    page = opened(f"/conversations/{hostile.pk}?find=<img")
    page.locator("body[data-ready]").wait_for(state="attached")
    findings = ("#summary", "#category", ".answers", "#lights", "#made", ".people")
    for place in ("#title", ".said", ".turn h3", *findings):
        expect(page.locator(place).first).to_contain_text("<img src=x")
    page.get_by_role("button", name="Rename").first.click()
    expect(page.locator("#rename-label")).to_contain_text("<img src=x")
    unharmed(page)
    listing = opened("/conversations")
    expect(listing.locator("#rows .name")).to_have_text(HOSTILE)
    unharmed(listing)


def test_nobody_is_led_to_sign_in(hostile: Conversation, opened: Opener, address: str) -> None:
    """Without a session both pages lead to signing in, with the way back; what they are made of says nothing
    of anybody."""
    page = opened(f"/conversations/{hostile.pk}", signed_in=False, refused=True)
    page.wait_for_url(f"**/sign-in?next=%2Fconversations%2F{hostile.pk}")
    assert "onerror" not in page.request.get(f"{address}/conversations/{hostile.pk}").text()
    other = opened("/conversations", signed_in=False, refused=True)
    other.wait_for_url("**/sign-in?next=%2Fconversations")


def test_somebody_elses_conversation_is_not_there(
    person: User, stranger_call: Conversation, opened: Opener
) -> None:
    """What belongs to another owner is answered like what does not exist."""
    page = opened(f"/conversations/{stranger_call.pk}", refused=True)
    expect(page.locator("#message")).to_have_text("There is no such conversation, or it is somebody else's.")


@pytest.fixture
def stranger_call(person: User) -> Conversation:
    return Conversation.objects.create(owner=User.objects.create_user("stranger"), source="upload")


@pytest.fixture
def token(person: User) -> str:
    access = access_from_key(create_key(owner=person, name="k", scopes=("read",))[1])
    assert access is not None
    return make_token(access=access, scope="read", ttl_s=60)[0]


def test_a_token_reads_without_signing_in(hostile: Conversation, token: str, opened: Opener) -> None:
    """It comes behind `#`, where no server and no log sees it, and may do no more than its scope."""
    page = opened(f"/conversations/{hostile.pk}#token={token}", signed_in=False, refused=True)
    expect(page.locator(".said")).to_contain_text("<img src=x")
    page.get_by_role("button", name="Rename").first.click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#rename [role=alert]")).to_have_text("This needs the scope 'write'.")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(person: User, call: Conversation, opened: Opener, dark: bool) -> None:
    """Neither serious nor critical, by day and by night: the page, a line that is corrected, both versions,
    dialogs, the list, on a wide screen and a phone's."""
    page = opened(f"/conversations/{call.pk}?find=headache", dark=dark)
    page.locator("body[data-ready]").wait_for(state="attached")
    page.locator("#lights details").first.locator("summary").click()
    page.get_by_role("button", name="Correct: Hello. My name").click()
    page.locator("#export summary").click()
    accessible(page)
    page.locator("#title").click()
    for opener, closer in (("Rename Grace", "Cancel"), ("Run again", "Cancel"), ("Erase", "Keep it")):
        page.get_by_role("button", name=opener, exact=True).click()
        accessible(page)
        page.locator("dialog[open]").get_by_role("button", name=closer, exact=True).click()
    page.get_by_role("button", name="Compare").click()
    page.locator(".comparison ins").first.wait_for()
    accessible(page)
    phone = opened(f"/conversations/{call.pk}", dark=dark, phone=True)
    phone.locator("body[data-ready]").wait_for(state="attached")
    accessible(phone)
    phone.get_by_role("button", name="Findings").click()
    accessible(phone)
    listing = opened("/conversations", dark=dark)
    listing.locator("#rows li").first.wait_for()
    accessible(listing)


@pytest.fixture
def call(person: User) -> Conversation:
    return reviewed_call(person)


def accessible(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    grave = [one for one in found if one["impact"] in GRAVE]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in grave] == []
