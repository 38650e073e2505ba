"""The access log: who read, heard, took out or erased what, kept for its days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from conversations.models import AccessRecord, ApiKey, Conversation
from conversations.services.access_log import FOR_EVER, forget_access
from tests.conversations.conftest import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_noted(db: None) -> None:
    cache.clear()


def noted() -> list[str]:
    return list(AccessRecord.objects.order_by("id").values_list("what", flat=True))


def test_every_way_to_the_words_is_noted_once_a_minute(
    conversation: Conversation, owner: User, caller: Caller
) -> None:
    """Words, findings and exports, each with the person, the key and the address; looking again within the
    minute adds no row, what is refused adds none, and an erasure stays when all else is gone."""
    client = caller(owner)
    address = f"/api/v1/conversations/{conversation.pk}"
    for path in ("", "", "/entities", "/questions", "/transcript", "/transcript", "/transcript?format=vtt"):
        assert client.get(f"{address}{path}").status_code == 200
    assert noted() == ["findings", "transcript", "export"]
    assert client.get(f"{address}/quality").status_code == 404
    stranger = caller(User.objects.create_user("nosy"))
    assert stranger.get(address).status_code == 404
    assert client.delete(address).status_code == 204
    assert noted() == ["findings", "transcript", "export", "erasure"]
    for record in AccessRecord.objects.all():
        key = ApiKey.objects.get(owner=owner)
        assert (record.user, record.key, record.address) == (owner, key, "127.0.0.1")
        assert record.conversation_id == conversation.pk


@pytest.mark.django_db(transaction=True)
def test_hearing_is_noted(conversation: Conversation, owner: User) -> None:
    """A player that asks for range after range is one row."""
    conversation.audio.save("a.flac", ContentFile(b"abcdef"))
    player = Client()
    player.force_login(owner)
    for part in ("bytes=0-1", "bytes=2-3"):
        address = f"/api/v1/conversations/{conversation.pk}/audio"
        answer = player.get(address, headers={"Range": part})
        assert answer.status_code == 206
        answer.close()
    assert noted() == ["audio"]


def test_it_is_kept_for_its_days(conversation: Conversation, owner: User) -> None:
    """What is older goes, the rest stays; -1 keeps all of it."""
    for days in (1, 10):
        row = AccessRecord.objects.create(what="audio", conversation_id=conversation.pk, user=owner)
        AccessRecord.objects.filter(pk=row.pk).update(at=timezone.now() - timedelta(days=days))
    assert forget_access(days=FOR_EVER) == 0
    assert forget_access(days=5) == 1
    assert AccessRecord.objects.count() == 1


def test_the_admin_shows_it_and_changes_nothing(conversation: Conversation, owner: User) -> None:
    """Also of people and keys that are gone; found by a conversation's id; an erasure there is noted too."""
    boss = User.objects.create_superuser("boss")
    row = AccessRecord.objects.create(
        what="audio", conversation_id=conversation.pk, user_id=owner.pk + 1000, key_id=7, address="::1"
    )
    browser = Client()
    browser.force_login(boss)
    page = browser.get(f"/admin/conversations/accessrecord/?q={conversation.pk}").content.decode()
    assert f"user {owner.pk + 1000}, gone" in page
    assert "key 7, gone" in page
    assert browser.post(f"/admin/conversations/accessrecord/{row.pk}/delete/").status_code == 403
    action = {"action": "erase", "_selected_action": str(conversation.pk), "confirmed": "yes"}
    browser.post("/admin/conversations/conversation/", action)
    erased = AccessRecord.objects.get(what="erasure")
    assert (erased.user, erased.conversation_id) == (boss, conversation.pk)
