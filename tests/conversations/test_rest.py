"""The API over conversations, through HTTP, with real keys and a real database."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.test import Client
from rest_framework.test import APIClient

from conversations.models import Answer, Conversation, Entity, PipelineRun, Segment, StageRun
from conversations.services.access import create_key
from conversations.services.words import add_live_segment
from tests.conversations.conftest import Caller, segment

LIST = "/api/v1/conversations"


def address(conversation: Conversation, rest: str = "") -> str:
    return f"{LIST}/{conversation.pk}{rest}"


def code(response: Any) -> str:
    """The error's code, having looked that the body has the one shape."""
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) - {"details"} == {"code", "message"}
    assert body["error"]["message"]
    return str(body["error"]["code"])


READS = ("", "/transcript", "/speakers", "/entities", "/questions")


@pytest.mark.parametrize("rest", READS)
def test_only_the_owner_and_staff_see_a_conversation(
    conversation: Conversation, stranger: User, staff: User, caller: Caller, rest: str
) -> None:
    """Another owner's conversation is answered as one that does not exist; staff see all."""
    owner = conversation.owner
    assert caller(owner).get(address(conversation, rest)).status_code == 200
    assert caller(staff).get(address(conversation, rest)).status_code == 200
    refused = caller(stranger).get(address(conversation, rest))
    assert (refused.status_code, code(refused)) == (404, "not_found")
    assert code(caller(owner).get(f"{LIST}/{uuid4()}{rest}")) == "not_found"


@pytest.mark.parametrize(
    ("scopes", "may_read", "may_write"),
    [
        (("read",), True, False),
        (("write",), False, True),
        (("live",), False, False),
        (("admin",), False, False),
        (("read", "write"), True, True),
    ],
)
def test_a_key_does_what_its_scopes_say(
    conversation: Conversation,
    caller: Caller,
    scopes: tuple[str, ...],
    may_read: bool,
    may_write: bool,
) -> None:
    """Reading takes `read`, changing takes `write`, and neither stands for the other."""
    client = caller(conversation.owner, *scopes)
    read = client.get(LIST)
    assert read.status_code == (200 if may_read else 403)
    renamed = client.patch(address(conversation, "/speakers/SPEAKER_00"), {"name": "Ben"}, format="json")
    assert renamed.status_code == (200 if may_write else 403)
    if not may_write:
        assert code(renamed) == "permission_denied"


def test_nobody_comes_in_without_credentials(conversation: Conversation, owner: User) -> None:
    """No key, a wrong one, one that was switched off, and one whose owner was: 401 with a challenge."""
    row, key = create_key(owner=owner, name="k", scopes=["read"])
    assert APIClient().get(LIST, headers={"authorization": f"Bearer {key}"}).status_code == 200
    for header in ({}, {"authorization": "Bearer nonsense"}, {"authorization": f"Bearer {key}x"}):
        response = APIClient().get(LIST, headers=header)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
        assert code(response) in {"not_authenticated", "authentication_failed"}
    row.is_active = False
    row.save()
    assert APIClient().get(LIST, headers={"authorization": f"Bearer {key}"}).status_code == 401
    row.is_active, owner.is_active = True, False
    row.save()
    owner.save()
    assert APIClient().get(LIST, headers={"authorization": f"Bearer {key}"}).status_code == 401


def test_a_cookie_reads_but_changes_only_with_its_csrf_token(conversation: Conversation, owner: User) -> None:
    """A signed-in person may read; a change without the CSRF token is refused, as another site would send."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    assert browser.get(LIST).status_code == 200
    change = address(conversation, "/segments/0")
    refused = browser.patch(change, {"text": "hello"}, content_type="application/json")
    assert (refused.status_code, code(refused)) == (403, "permission_denied")


def test_keyless_loopback_clients_need_the_setting_and_a_plain_way_in(owner: User, settings: Any) -> None:
    """AMBIENT_OPEN_LOOPBACK lets in this machine alone: not a proxy's clients, nor another site's page."""
    User.objects.create_user("ambient", is_staff=True)
    client = APIClient()
    assert client.get(LIST).status_code == 401
    settings.AMBIENT = replace(settings.AMBIENT, open_loopback=True)
    assert client.get(LIST).status_code == 200
    assert client.get(LIST, REMOTE_ADDR="192.0.2.7").status_code == 401
    assert client.get(LIST, headers={"x-forwarded-for": "192.0.2.7"}).status_code == 401
    assert client.get(LIST, headers={"origin": "https://elsewhere.example"}).status_code == 401


def test_the_detail_has_every_field_of_the_contract(
    conversation: Conversation, owner: User, caller: Caller
) -> None:
    """A conversation tells its run stage by stage, its speakers, and what was found with what found it."""
    run = PipelineRun.objects.create(conversation=conversation, number=1, status="partial")
    StageRun.objects.create(
        run=run,
        name="classification",
        position=5,
        status="succeeded",
        engine="embedded",
        attempts=1,
        output={"main_category": "health"},
    )
    StageRun.objects.create(run=run, name="summary", position=9, status="failed", error="it broke")
    body = caller(owner).get(address(conversation)).json()
    assert {
        "id",
        "status",
        "source",
        "session_id",
        "language",
        "duration",
        "created_at",
        "run",
        "speakers",
        "classification",
        "summary",
        "links",
    } <= set(body)
    assert body["session_id"] is None
    assert body["run"]["progress"] == 1.0
    assert {
        "name",
        "status",
        "engine",
        "model",
        "attempts",
        "started_at",
        "finished_at",
        "duration_ms",
    } < set(body["run"]["stages"][0])
    assert body["run"]["stages"][1]["error"] == "it broke"
    assert body["classification"]["main_category"] == "health"
    assert body["classification"]["engine"] == "embedded"
    assert body["summary"] is None
    assert [s["name"] for s in body["speakers"]] == [None, "Asha"]
    assert body["links"]["transcript"] == address(conversation, "/transcript")
    assert body["links"]["audio"] is None


def test_lists_are_paged_by_cursor_and_never_hold_a_row_twice(owner: User, caller: Caller) -> None:
    """Following `next` gives every conversation once, newest first, and `previous` leads back."""
    made = [Conversation.objects.create(owner=owner, source="text") for _ in range(7)]
    client = caller(owner)
    found: list[str] = []
    url = f"{LIST}?page_size=3"
    while url:
        page = client.get(url).json()
        assert set(page) == {"next", "previous", "results"}
        found += [item["id"] for item in page["results"]]
        url = page["next"]
    assert found == [str(row.pk) for row in reversed(made)]


def test_filters_narrow_the_list(conversation: Conversation, owner: User, caller: Caller) -> None:
    """status, source, language, times and words said each narrow the list; a wrong value names its field."""
    other = Conversation.objects.create(owner=owner, source="text", status="completed", language="sw")
    client = caller(owner)

    def ids(query: str) -> list[str]:
        return [item["id"] for item in client.get(f"{LIST}?{query}").json()["results"]]

    assert ids("status=completed") == [str(other.pk)]
    assert ids("source=upload") == [str(conversation.pk)]
    assert ids("language=sw") == [str(other.pk)]
    assert ids("search=ASHA") == [str(conversation.pk)]
    assert ids("search=nobody") == []
    moment = other.created_at.isoformat().replace("+00:00", "Z")
    assert ids(f"created_after={moment}") == [str(other.pk)]
    assert ids(f"created_before={moment}") == [str(conversation.pk)]
    wrong = client.get(f"{LIST}?status=done")
    assert (wrong.status_code, code(wrong)) == (400, "validation_error")
    assert "status" in wrong.json()["error"]["details"]


def test_newest_final_words_are_meant_unless_a_version_is_named(
    conversation: Conversation, owner: User, caller: Caller
) -> None:
    """`version=live` gives what was heard live; without a name it is the newest final."""
    client = caller(owner)
    live = client.get(address(conversation, "/transcript?version=live")).json()
    assert (live["version"], live["run"], live["text"]) == ("live", 0, "good morning how can i help")
    final = client.get(address(conversation, "/transcript")).json()
    assert (final["version"], final["run"], len(final["segments"])) == ("final", 1, 3)
    assert final["segments"][1]["speaker_name"] == "Asha"
    Segment.objects.filter(version="final").delete()
    assert client.get(address(conversation, "/transcript")).json()["version"] == "live"
    assert code(client.get(address(conversation, "/transcript?version=final"))) == "not_ready"


def test_a_correction_keeps_what_was_heard_and_stays_with_its_version(
    conversation: Conversation, owner: User, caller: Caller
) -> None:
    """Correcting twice keeps the first reading; putting it back takes the mark away; live is untouched."""
    client = caller(owner)
    where = address(conversation, "/segments/1")
    for text in ("My name is Aisha", "My name is Asha."):
        body = client.patch(where, {"text": text}, format="json").json()
        assert (body["text"], body["original_text"]) == (text, "my name is asha")
        assert body["is_corrected"] is True
    v2 = client.get(address(conversation, "/transcript?format=v2")).json()
    assert v2["segments"][1]["annotations"] == {"corrected_from": "my name is asha"}
    back = client.patch(where, {"text": "my name is asha"}, format="json").json()
    assert (back["is_corrected"], back["original_text"]) == (False, None)
    assert code(client.patch(f"{where}?version=live", {"text": "x"}, format="json")) == "not_found"
    assert "text" in client.patch(where, {"text": ""}, format="json").json()["error"]["details"]
    assert "txet" in client.patch(where, {"txet": "x", "text": "y"}, format="json").json()["error"]["details"]


def test_a_speaker_is_called_what_a_person_says(
    conversation: Conversation, owner: User, caller: Caller
) -> None:
    """A name given to a label shows in the transcript; a label that nobody has is not found."""
    client = caller(owner)
    where = address(conversation, "/speakers/SPEAKER_00")
    assert client.patch(where, {"name": "Ben"}, format="json").json()["name"] == "Ben"
    assert "Ben: good morning" in client.get(address(conversation, "/transcript?format=text")).text
    missing = client.patch(address(conversation, "/speakers/SPEAKER_07"), {"name": "x"}, format="json")
    assert code(missing) == "not_found"


def test_findings_come_from_the_newest_run_that_made_them(
    conversation: Conversation, owner: User, caller: Caller
) -> None:
    """A second run under way does not hide what the first found; `?run=` names one."""
    for number, status in ((1, "succeeded"), (2, "running")):
        run = PipelineRun.objects.create(conversation=conversation, number=number)
        for position, name in enumerate(("entities", "qa", "quality")):
            StageRun.objects.create(
                run=run, name=name, position=position, status=status, engine="e", output={"opening": []}
            )
    Entity.objects.create(
        conversation=conversation,
        run_number=1,
        segment_number=1,
        text="asha",
        label="PERSON",
        start=11,
        end=15,
    )
    evidence = [{"segment_id": 1, "start": 1.0, "end": 2.0, "quote": "my name is asha"}]
    Answer.objects.create(
        conversation=conversation,
        run_number=1,
        question_key="name",
        question="Name?",
        answer="Asha",
        status="answered",
        evidence=evidence,
    )
    client = caller(owner)
    (entity,) = client.get(address(conversation, "/entities")).json()["results"]
    assert entity == {
        "text": "asha",
        "label": "PERSON",
        "start": 11,
        "end": 15,
        "segment_id": 1,
        "confidence": None,
    }
    (answer,) = client.get(address(conversation, "/questions")).json()["results"]
    assert (answer["question_id"], answer["answer"], answer["evidence"]) == ("name", "Asha", evidence)
    assert client.get(address(conversation, "/quality")).json()["opening"] == []
    assert client.get(address(conversation, "/entities?run=2")).json()["results"] == []
    absent = client.get(address(conversation, "/quality?run=2"))
    assert (absent.status_code, code(absent)) == (404, "not_ready")
    assert "running" in absent.json()["error"]["message"]


def test_erasing_leaves_neither_rows_nor_files(
    conversation: Conversation, owner: User, caller: Caller
) -> None:
    """After DELETE the words, results and the recording are gone, and so is the address."""
    conversation.audio.save("call.wav", ContentFile(b"RIFF"))
    path = Path(conversation.audio.path)
    client = caller(owner)
    assert client.delete(address(conversation)).status_code == 204
    assert not Conversation.objects.exists()
    assert not Segment.objects.exists()
    assert not path.exists()
    assert client.delete(address(conversation)).status_code == 404


def test_a_conversation_that_is_still_spoken_is_not_erased(owner: User, caller: Caller) -> None:
    """A live session's words are still coming: the answer says to end it first."""
    row = Conversation.objects.create(owner=owner, source="live", session_id="s1")
    add_live_segment(conversation_id=row.pk, segment=segment(0, "hello"))
    response = caller(owner).delete(address(row))
    assert (response.status_code, code(response)) == (409, "conflict")
    PipelineRun.objects.create(conversation=row, number=1, status="completed")
    assert caller(owner).delete(address(row)).status_code == 204


def test_mistakes_of_every_kind_have_one_shape(
    conversation: Conversation, owner: User, caller: Caller
) -> None:
    """404, 405, 415, unreadable JSON and a wrong page cursor are all {"error": {code, message}}."""
    client = caller(owner)
    assert code(client.post(address(conversation))) == "method_not_allowed"
    assert code(client.get(f"{LIST}?cursor=nonsense")) == "not_found"
    text = "/api/v1/text-processing"
    broken = client.post(text, "{", content_type="application/json")
    assert (broken.status_code, code(broken)) == (400, "parse_error")
    xml = client.post(text, "<a/>", content_type="application/xml")
    assert (xml.status_code, code(xml)) == (415, "unsupported_media_type")
    shape = client.post(text, "[1]", content_type="application/json")
    assert (shape.status_code, code(shape)) == (400, "validation_error")
