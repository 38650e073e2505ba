"""Questions asked ad hoc, runs started and stopped, tasks, and the catalogue that operators write."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from conversations.api.tasks import awaited_answer
from conversations.audio_tasks import estimated_s
from conversations.models import Answer, Conversation, PipelineRun, QuestionSet, Taxonomy, WorkStatus
from conversations.selectors import latest_run
from conversations.services import runs
from conversations.services.run_plan import with_dependants
from tests.conversations.conftest import Caller
from tests.tasks.rows import make_conversation, start, states, succeed, take

pytestmark = pytest.mark.django_db


def done_text(owner: User, *lines: str) -> Conversation:
    """A text of this owner whose run is over."""
    conversation = make_conversation("text", *(lines or ("my name is grace",)))
    Conversation.objects.filter(pk=conversation.pk).update(owner=owner)
    work_off(start(conversation, include_insights=True))
    conversation.refresh_from_db()
    return conversation


def work_off(run: PipelineRun) -> PipelineRun:
    while sent := runs.advance_run(run_id=run.pk):
        for row in sent:
            succeed(take(row), {})
    runs.finish_run_if_done(run_id=run.pk)
    run.refresh_from_db()
    return run


def address(conversation: Conversation, what: str) -> str:
    return f"/api/v1/conversations/{conversation.pk}/{what}"


def test_a_question_starts_a_run_of_its_own(owner: User, caller: Caller) -> None:
    """It answers that question alone, and the conversation's run, state and end stay what they were."""
    conversation = done_text(owner)
    before = latest_run(conversation)
    client = caller(owner)
    response = client.post(address(conversation, "questions"), {"question": "Who calls?"}, format="json")
    assert response.status_code == 202, response.content
    run = PipelineRun.objects.get(pk=int(response.json()["id"]))
    assert states(run) == {"qa": "pending"}
    assert latest_run(conversation) == before
    work_off(run)
    conversation.refresh_from_db()
    assert conversation.status == "completed"
    assert before is not None
    assert conversation.completed_at == before.finished_at
    Answer.objects.create(
        conversation=conversation,
        run_number=0,
        question_key=f"asked-{run.number}",
        question="Who calls?",
        is_ad_hoc=True,
        answer="Grace",
        status="answered",
        evidence=[{"segment_id": 0, "start": 0, "end": 1, "quote": "grace"}],
    )
    assert client.get(f"/api/v1/tasks/{run.pk}").json()["answer"]["answer"] == "Grace"
    said = awaited_answer(run.pk).ended()
    assert (said.status, said.is_final) == (200, True)


def test_a_question_that_is_not_answered_yet_is_a_task(owner: User, caller: Caller) -> None:
    """After the wait 202 says where to ask; a run that ended without an answer is an error that says why."""
    conversation = done_text(owner)
    response = caller(owner).post(
        address(conversation, "questions"), {"question": "Who calls?"}, format="json"
    )
    run_id = int(response.json()["id"])
    assert awaited_answer(run_id).too_long().status == 202
    runs.cancel_run(run_id=run_id)
    assert awaited_answer(run_id).ended().status == 500


def test_a_question_about_a_recording_is_no_transcription(owner: User, caller: Caller) -> None:
    """Its run is no job and no task of `/audio`, so nobody erases the recording by taking the question away;
    and what it took says nothing of how long recordings take."""
    conversation = done_text(owner)
    Conversation.objects.filter(pk=conversation.pk).update(
        source=Conversation.Source.UPLOAD, duration_s=100.0
    )
    client = caller(owner)
    asked = client.post(address(conversation, "questions"), {"question": "Who calls?"}, format="json")
    run_id = asked.json()["id"]
    assert client.get("/audio/tasks/active").json()["total"] == 0
    for path in (f"/v1/audio/transcriptions/{run_id}", f"/audio/task/{run_id}"):
        assert client.get(path).status_code == 404
        assert client.delete(path).status_code == 404
    work_off(PipelineRun.objects.get(pk=int(run_id)))
    assert estimated_s(10.0) is None
    assert Conversation.objects.filter(pk=conversation.pk).exists()
    assert client.get(f"/api/v1/tasks/{run_id}").json()["status"] == "completed"


@pytest.mark.parametrize("body", [{}, {"question": ""}, {"question": "x" * 501}, {"question": "a", "b": 1}])
def test_a_question_that_is_none_is_refused(owner: User, caller: Caller, body: dict[str, Any]) -> None:
    """400 with the field named, and no run."""
    conversation = done_text(owner)
    count = PipelineRun.objects.count()
    assert caller(owner).post(address(conversation, "questions"), body, format="json").status_code == 400
    assert PipelineRun.objects.count() == count


def test_questions_wait_for_words(owner: User, caller: Caller) -> None:
    """Without words there is nothing to ask (404); while they are being worked on it is a conflict."""
    silent = make_conversation("upload")
    Conversation.objects.filter(pk=silent.pk).update(owner=owner)
    client = caller(owner)
    assert client.post(address(silent, "questions"), {"question": "a"}, format="json").status_code == 404
    busy = done_text(owner)
    start(busy)
    assert client.post(address(busy, "questions"), {"question": "a"}, format="json").status_code == 409


def test_named_stages_run_again_with_what_depends_on_them(owner: User, caller: Caller) -> None:
    """The summary alone takes the insights with it, that the last run had; nothing else is done again."""
    conversation = done_text(owner)
    response = caller(owner).post(
        address(conversation, "runs"),
        {"stages": ["summary"], "engines": {"summary": "embedded"}},
        format="json",
    )
    assert response.status_code == 202, response.content
    assert [stage["name"] for stage in response.json()["stages"]] == ["summary", "insights"]
    run = PipelineRun.objects.get(pk=response.json()["id"])
    assert run.parameters["engines"] == {"summary": "embedded"}
    work_off(run)
    whole = caller(owner).post(address(conversation, "runs"), {}, format="json").json()
    assert len(whole["stages"]) > 5
    assert "engines" not in PipelineRun.objects.get(pk=whole["id"]).parameters


def test_a_stage_that_nobody_asked_for_before_can_be_asked_for_now(owner: User, caller: Caller) -> None:
    """Naming it is asking for it."""
    conversation = done_text(owner)
    body = (
        caller(owner).post(address(conversation, "runs"), {"stages": ["translation"]}, format="json").json()
    )
    assert "translation" in [stage["name"] for stage in body["stages"]]


@pytest.mark.parametrize(
    "body",
    [
        {"stages": ["nothing"]},
        {"engines": {"summary": "os.system"}},
        {"engines": {"summary": "no-such"}},
        {"engines": {"transcription": "auto"}},
        {"engines": ["summary"]},
    ],
)
def test_what_is_not_there_cannot_be_chosen(owner: User, caller: Caller, body: dict[str, Any]) -> None:
    """Unknown stages and engines, and dotted paths above all, are 400."""
    conversation = done_text(owner)
    assert caller(owner).post(address(conversation, "runs"), body, format="json").status_code == 400


def test_a_run_under_way_is_not_doubled_and_can_be_stopped(owner: User, caller: Caller) -> None:
    """A second run is a conflict; cancelling ends the first, and again changes nothing."""
    conversation = done_text(owner)
    client = caller(owner)
    run_id = client.post(address(conversation, "runs"), {}, format="json").json()["id"]
    assert client.post(address(conversation, "runs"), {}, format="json").status_code == 409
    for _ in range(2):
        assert client.post(address(conversation, "cancel")).json()["status"] == "cancelled"
    assert client.get(f"/api/v1/tasks/{run_id}").json()["status"] == WorkStatus.CANCELLED
    assert client.post(f"/api/v1/tasks/{run_id}/cancel").json()["status"] == WorkStatus.CANCELLED


def test_dependants_are_all_of_the_tiers_after() -> None:
    """A new transcript makes everything new; the last stage alone is alone."""
    assert len(with_dependants(["transcription"])) == 11
    assert with_dependants(["insights"]) == ("insights",)
    assert with_dependants(["qa", "summary"]) == ("qa", "summary", "insights")


LABELS = [
    {"name": "billing", "description": "money"},
    {"name": "refund", "description": "back", "parent": "billing"},
    {"name": "high", "kind": "priority", "description": "now"},
]


def test_an_operator_writes_a_taxonomy(owner: User, caller: Caller) -> None:
    """Made, changed, made the default in place of the one before, taken away."""
    client = caller(owner, "admin", "read")
    made = client.post("/api/v1/taxonomies", {"name": "Desk", "labels": LABELS}, format="json")
    assert made.status_code == 201, made.content
    place = f"/api/v1/taxonomies/{made.json()['id']}"
    assert [(x["name"], x["parent"]) for x in client.get(place).json()["labels"]] == [
        ("billing", None),
        ("refund", "billing"),
        ("high", None),
    ]
    changed = client.patch(place, {"is_default": True, "labels": LABELS[:1]}, format="json").json()
    assert (changed["is_default"], [x["name"] for x in changed["labels"]]) == (True, ["billing"])
    assert Taxonomy.objects.filter(is_default=True).count() == 1
    assert client.patch(place, {"name": "Desk"}, format="json").status_code == 200
    assert client.patch(place, {"labels": [{"description": "x"}]}, format="json").status_code == 400
    assert client.delete(place).status_code == 204
    assert client.get(place).status_code == 404


def test_an_operator_writes_a_question_set(owner: User, caller: Caller) -> None:
    """Questions keep their order; what is not given stays."""
    client = caller(owner, "admin", "read")
    questions = [{"key": "b", "text": "B?"}, {"key": "a", "text": "A?", "hints": ["x"]}]
    made = client.post("/api/v1/question-sets", {"name": "Desk", "questions": questions}, format="json")
    assert made.status_code == 201, made.content
    place = f"/api/v1/question-sets/{made.json()['id']}"
    client.patch(place, {"description": "for the desk"}, format="json")
    row = client.get(place).json()
    assert (row["description"], [q["key"] for q in row["questions"]]) == ("for the desk", ["b", "a"])
    assert client.delete(place).status_code == 204


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("taxonomies", {"name": "x", "labels": []}),
        ("taxonomies", {"name": "x"}),
        ("taxonomies", {"name": "x", "labels": [{"name": "a", "description": "", "parent": "b"}]}),
        ("taxonomies", {"name": "x", "labels": [LABELS[0], LABELS[0]]}),
        ("taxonomies", {"name": "x", "labels": [LABELS[2]]}),
        ("question-sets", {"name": "x", "questions": []}),
        ("question-sets", {"name": "x", "questions": [{"key": "a b", "text": "?"}]}),
        ("question-sets", {"name": "x", "questions": [{"key": "a", "text": "?"}] * 2}),
        ("question-sets", {"name": "", "questions": [{"key": "a", "text": "?"}]}),
    ],
)
def test_a_catalogue_without_sense_is_refused(
    owner: User, caller: Caller, kind: str, body: dict[str, Any]
) -> None:
    """400 with the field named, and nothing is written."""
    counts = (QuestionSet.objects.count(), Taxonomy.objects.count())
    response = caller(owner, "admin").post(f"/api/v1/{kind}", body, format="json")
    assert response.status_code == 400
    assert response.json()["error"]["details"]
    assert counts == (QuestionSet.objects.count(), Taxonomy.objects.count())


def test_a_name_is_taken_once(owner: User, caller: Caller) -> None:
    """A second set of the same name is refused, not a fault of the database."""
    client = caller(owner, "admin")
    body = {"name": "Desk", "questions": [{"key": "a", "text": "?"}]}
    assert client.post("/api/v1/question-sets", body, format="json").status_code == 201
    assert client.post("/api/v1/question-sets", body, format="json").status_code == 400


def found(client: APIClient, search: str) -> int:
    return len(client.get("/api/v1/conversations", {"search": search}).json()["results"])


def test_search_finds_words_phrases_and_what_is_without(owner: User, caller: Caller) -> None:
    """Whole words in any order and case, phrases in quotes, -without; text without spaces as it stands."""
    done_text(owner, "my water bill is wrong", "it is the third of march")
    done_text(owner, "the water is fine")
    done_text(owner, "我的账单错了")
    client = caller(owner)
    assert [found(client, s) for s in ("WATER", "bill water", '"water bill"', '"bill water"')] == [2, 1, 1, 0]
    assert [found(client, s) for s in ("water -bill", "wat", "账单", "'\"&|!(", "-")] == [1, 0, 1, 0, 0]
