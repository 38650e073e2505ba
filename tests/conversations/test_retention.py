"""What has been kept for its days goes, rows and files; the rest stays."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.utils import timezone

from conversations.models import Conversation, Segment, Version
from conversations.services.retention import FOR_EVER, erase_expired

pytestmark = pytest.mark.django_db


@pytest.fixture
def old() -> Conversation:
    """Completed ten days ago, with a recording and a line."""
    owner = get_user_model().objects.create_user("keeper")
    conversation = Conversation.objects.create(
        owner=owner, source="upload", status="completed", completed_at=timezone.now() - timedelta(days=10)
    )
    conversation.audio.save("talk.flac", ContentFile(b"sound"))
    Segment.objects.create(
        conversation=conversation,
        version=Version.FINAL,
        run_number=1,
        number=0,
        start_s=0,
        end_s=1,
        text="hello",
    )
    return conversation


def test_past_its_days_everything_goes(old: Conversation) -> None:
    """Rows and the file are gone; erasing again finds nothing."""
    path = Path(old.audio.path)
    assert erase_expired(retention_days=9, audio_retention_days=FOR_EVER) == (1, 0)
    assert not path.exists()
    assert not Conversation.objects.exists()
    assert not Segment.objects.exists()
    assert erase_expired(retention_days=9, audio_retention_days=9) == (0, 0)


def test_recordings_may_go_before_words(old: Conversation) -> None:
    """Past the days of the audio the file goes, and the words stay."""
    path = Path(old.audio.path)
    assert erase_expired(retention_days=30, audio_retention_days=9) == (0, 1)
    assert not path.exists()
    old.refresh_from_db()
    assert not old.audio
    assert old.segments.count() == 1


@pytest.mark.parametrize("days", [11, FOR_EVER])
def test_within_its_days_nothing_goes(old: Conversation, days: int) -> None:
    """Neither before the time nor where things are kept for ever."""
    assert erase_expired(retention_days=days, audio_retention_days=days) == (0, 0)
    assert Path(old.audio.path).exists()


def test_no_days_means_when_it_is_done(old: Conversation) -> None:
    """0 days: what is completed goes, what is being worked on stays."""
    working = Conversation.objects.create(owner=old.owner, source="text", status="processing")
    assert erase_expired(retention_days=0, audio_retention_days=0) == (1, 0)
    assert list(Conversation.objects.all()) == [working]
