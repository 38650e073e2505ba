"""The admin over conversations: every page opens, machines' rows stay as they are, actions act."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from conversations.access import access_from_key
from conversations.models import (
    Answer,
    ApiKey,
    Conversation,
    Entity,
    PipelineRun,
    QuestionSet,
    Segment,
    Stage,
    StageRun,
    Taxonomy,
)
from conversations.services.run_plan import ORDER
from conversations.services.words import add_live_segment
from tests.conversations.conftest import segment

ROOT = "/admin/conversations"


@pytest.fixture
def browser(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("operator"))
    return client


@pytest.fixture
def analysed(conversation: Conversation) -> Conversation:
    """With a run that is partial: a failed stage, a skipped one, and results."""
    conversation.status = "partial"
    conversation.save()
    run = PipelineRun.objects.create(conversation=conversation, number=1, status="partial")
    outputs: dict[str, Any] = {
        "transcription": {},
        "diarization": {},
        "entities": [],
        "classification": {"main_category": "Health", "confidence": 0.5},
        "quality": {
            "opening": [
                {
                    "submetric": "uses the opening phrase",
                    "prediction": True,
                    "score": "✓",
                    "probability": 0.9,
                    "evidence": [{"segment_id": 0, "start": 0.0, "end": 1.0, "quote": "good <morning>"}],
                }
            ]
        },
        "summary": {"text": "They talked.", "decisions": [{"text": "to call back"}], "action_items": []},
    }
    stages: dict[Stage, dict[str, Any]] = {
        **{Stage(name): {"status": "succeeded", "output": output} for name, output in outputs.items()},
        Stage.QA: {"status": "failed", "error": "<b>it broke</b>", "attempts": 3},
        Stage.EMOTION: {"status": "skipped", "skip_reason": "no engine"},
    }
    for stage, fields in stages.items():
        StageRun.objects.create(run=run, name=stage, position=ORDER.index(stage), **fields)
    Entity.objects.create(
        conversation=conversation,
        run_number=1,
        segment_number=1,
        text="asha",
        label="PERSON",
        start=11,
        end=15,
    )
    Answer.objects.create(
        conversation=conversation, run_number=1, question_key="q", question="Name?", status="not_found"
    )
    return conversation


def test_the_page_of_a_conversation_shows_all_of_it(analysed: Conversation, browser: Client) -> None:
    """Words, speakers, findings, stages and their errors, with what people said made harmless."""
    page = browser.get(f"{ROOT}/conversation/{analysed.pk}/change/")
    assert page.status_code == 200
    text = page.content.decode()
    for expected in (
        "my name is asha",
        "Asha",
        "PERSON",
        "Name?",
        "Health",
        "They talked.",
        "to call back",
        "uses the opening phrase",
        "✓",
        "&lt;b&gt;it broke&lt;/b&gt;",
        "no engine",
        "good &lt;morning&gt;",
    ):
        assert expected in text
    assert 'name="_save"' not in text


@pytest.mark.parametrize(
    "name",
    ["conversation", "segment", "entity", "answer", "pipelinerun", "questionset", "taxonomy", "apikey"],
)
def test_every_list_opens(analysed: Conversation, browser: Client, name: str) -> None:
    """Lists open, with and without a search."""
    assert browser.get(f"{ROOT}/{name}/").status_code == 200
    assert browser.get(f"{ROOT}/{name}/?q={analysed.pk}").status_code == 200


def test_a_long_conversation_is_never_loaded_whole(
    conversation: Conversation, browser: Client, django_assert_max_num_queries: Any
) -> None:
    """The page of a conversation of hundreds of segments shows the first and links to a paged list."""
    for number in range(1, 300):
        add_live_segment(conversation_id=conversation.pk, segment=segment(number, f"words number {number}"))
    Segment.objects.filter(version="final").delete()
    with django_assert_max_num_queries(60):
        text = browser.get(f"{ROOT}/conversation/{conversation.pk}/change/").content.decode()
    assert "words number 59" in text
    assert "words number 60" not in text
    where = f"{ROOT}/segment/?conversation__id__exact={conversation.pk}"
    assert where in text
    listed = browser.get(where)
    assert listed.status_code == 200
    assert listed.context["cl"].result_count == 300
    assert len(listed.context["cl"].result_list) == 100


def test_what_a_machine_wrote_is_not_edited(analysed: Conversation, browser: Client) -> None:
    """No adding, no saving, no deleting by the usual buttons."""
    assert browser.get(f"{ROOT}/conversation/add/").status_code == 403
    assert (
        browser.post(f"{ROOT}/conversation/{analysed.pk}/change/", {"status": "completed"}).status_code == 403
    )
    assert browser.post(f"{ROOT}/conversation/{analysed.pk}/delete/", {"post": "yes"}).status_code == 403
    run = PipelineRun.objects.get()
    assert browser.get(f"{ROOT}/pipelinerun/{run.pk}/change/").status_code == 200
    assert browser.post(f"{ROOT}/pipelinerun/{run.pk}/change/", {"status": "failed"}).status_code == 403


def act(browser: Client, action: str, conversation: Conversation, **more: str) -> str:
    response = browser.post(
        f"{ROOT}/conversation/",
        {"action": action, "_selected_action": [str(conversation.pk)], **more},
        follow=True,
    )
    assert response.status_code == 200
    return response.content.decode()


def test_failed_stages_are_retried_with_what_comes_after(analysed: Conversation, browser: Client) -> None:
    """The failed stage and the summary after it wait again; what succeeded before stays."""
    assert "qa, summary sent again" in act(browser, "retry_failed_stages", analysed)
    status = dict(StageRun.objects.values_list("name", "status"))
    assert (status["qa"], status["summary"], status["entities"]) == ("pending", "pending", "succeeded")
    analysed.refresh_from_db()
    assert analysed.status == "pending"
    assert "nothing to retry" in act(browser, "retry_failed_stages", analysed)


def test_running_again_makes_a_new_run(analysed: Conversation, browser: Client) -> None:
    """A second run asks for what the first asked for; while it is under way there is no third."""
    PipelineRun.objects.update(parameters={"include_insights": True})
    assert "run 2 has been started" in act(browser, "run_again", analysed)
    assert PipelineRun.objects.get(number=2).parameters == {"include_insights": True}
    assert "is not finished" in act(browser, "run_again", analysed)


def test_erasing_asks_first(analysed: Conversation, browser: Client) -> None:
    """The first click shows what goes; only the second makes it go."""
    assert "for good" in act(browser, "erase", analysed)
    assert Conversation.objects.exists()
    assert "erased" in act(browser, "erase", analysed, confirmed="yes")
    assert not Conversation.objects.exists()


def test_staff_without_rights_look_and_do_not_touch(analysed: Conversation) -> None:
    """Who may only view sees the page and has none of the actions."""
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_conversation"))
    client = Client()
    client.force_login(viewer)
    assert client.get(f"{ROOT}/conversation/{analysed.pk}/change/").status_code == 200
    act(client, "erase", analysed, confirmed="yes")
    act(client, "run_again", analysed)
    assert Conversation.objects.exists()
    assert PipelineRun.objects.count() == 1


def test_a_new_key_is_shown_once(browser: Client, owner: User) -> None:
    """The page after adding shows a key that works; no later page does."""
    page = browser.post(
        f"{ROOT}/apikey/add/", {"name": "tablet", "owner": owner.pk, "scopes": ["live", "read"]}
    )
    row = ApiKey.objects.get(name="tablet")
    text = page.content.decode()
    key = text.split('class="ambient-key">')[1].split("<")[0]
    access = access_from_key(key)
    assert access is not None
    assert (access.owner_id, access.scopes) == (owner.pk, frozenset({"live", "read"}))
    assert "no-store" in page.headers["Cache-Control"]
    change = browser.get(f"{ROOT}/apikey/{row.pk}/change/").content.decode()
    assert key not in change
    assert row.digest not in change
    saved = browser.post(f"{ROOT}/apikey/{row.pk}/change/", {"name": "tablet", "scopes": ["read"]})
    assert saved.status_code == 302
    assert access_from_key(key) is None  # the box `is_active` was left empty


def test_another_question_set_becomes_the_default(browser: Client) -> None:
    """Ticking `default` on one takes it from the other instead of complaining."""
    other = QuestionSet.objects.get(is_default=False)
    response = browser.post(
        f"{ROOT}/questionset/{other.pk}/change/",
        {
            "name": other.name,
            "is_default": "on",
            "questions-TOTAL_FORMS": "0",
            "questions-INITIAL_FORMS": "0",
        },
    )
    assert response.status_code == 302
    assert QuestionSet.objects.get(is_default=True).pk == other.pk


def test_a_taxonomy_offers_its_own_labels_as_parents(browser: Client) -> None:
    """The page of a taxonomy opens, and no other taxonomy's labels can be parents in it."""
    taxonomy = Taxonomy.objects.get(is_default=True)
    other = Taxonomy.objects.get(is_default=False).labels.filter(kind="category").first()
    assert other is not None
    text = browser.get(f"{ROOT}/taxonomy/{taxonomy.pk}/change/").content.decode()
    assert f'<option value="{other.pk}"' not in text
    assert browser.get(f"{ROOT}/taxonomy/add/").status_code == 200
