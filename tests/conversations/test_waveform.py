"""The outline of a recording: drawn once, kept beside it, gone with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.files.base import File
from django.utils import timezone

from conversations.dispatch import DRAW_WAVEFORM_TASK
from conversations.models import Conversation, Waveform
from conversations.services.retention import FOR_EVER, erase_expired
from conversations.services.waveforms import draw_waveform
from tasks.recordings import ensure_recording
from tests.conversations.conftest import Caller
from tests.pages.reviewed import CALL

pytestmark = pytest.mark.django_db


@pytest.fixture
def recorded(owner: User) -> Conversation:
    row = Conversation.objects.create(
        owner=owner,
        source="upload",
        duration_s=86.346,
        status="completed",
        completed_at=timezone.now() - timedelta(days=10),
    )
    with CALL.with_suffix(".flac").open("rb") as recording:
        row.audio.save("call.flac", File(recording))
    return row


def test_asked_for_it_is_drawn_by_a_worker_once(
    recorded: Conversation, owner: User, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """202 until it is there, and one message however often it is asked; then columns that are loud where
    somebody speaks."""
    sent: list[Any] = []
    monkeypatch.setattr(current_app, "send_task", lambda *args, **options: sent.append((args, options)))
    cache.clear()
    client = caller(owner)
    address = f"/api/v1/conversations/{recorded.pk}/waveform"
    first = client.get(address)
    assert (first.status_code, first["Retry-After"]) == (202, "1")
    assert client.get(address).status_code == 202
    assert sent == [((DRAW_WAVEFORM_TASK,), {"args": [str(recorded.pk)], "queue": "batch", "priority": 0})]

    draw_waveform(conversation_id=recorded.pk)
    drawn = client.get(address).json()
    assert drawn["duration"] == 86.346
    assert 2000 < len(drawn["peaks"]) <= 4000
    loudest = max(drawn["peaks"])
    before_a_word = drawn["peaks"][: int(0.6 / 86.346 * len(drawn["peaks"]))]
    assert loudest > 100
    assert max(before_a_word) < 20


def test_a_stage_that_reads_the_recording_draws_it_on_the_way(recorded: Conversation) -> None:
    """No worker has to read it a second time; what is there is not drawn again."""
    ensure_recording(recorded)
    drawn = bytes(Waveform.objects.get(conversation=recorded).peaks)
    Waveform.objects.filter(conversation=recorded).update(peaks=b"as it was")
    ensure_recording(recorded)
    assert bytes(Waveform.objects.get(conversation=recorded).peaks) == b"as it was"
    assert drawn


def test_it_goes_with_its_recording(recorded: Conversation, owner: User, caller: Caller) -> None:
    """When only the audio's days are over, the outline goes too, and no outline is a 404."""
    draw_waveform(conversation_id=recorded.pk)
    erase_expired(retention_days=FOR_EVER, audio_retention_days=5)
    assert not Waveform.objects.exists()
    draw_waveform(conversation_id=recorded.pk)
    assert not Waveform.objects.exists()
    assert caller(owner).get(f"/api/v1/conversations/{recorded.pk}/waveform").status_code == 404
