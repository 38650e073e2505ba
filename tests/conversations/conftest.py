"""Callers with real keys, and conversations with words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from conversations.models import Conversation
from conversations.services.access import create_key
from conversations.services.words import SpeakerFigures, add_live_segment, replace_final_segments
from transcription.models import Segment, Word

Caller = Callable[..., APIClient]


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    # Nothing is collected for tests, so static files go by their plain names.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create_user("owner")


@pytest.fixture
def stranger(db: None) -> User:
    return User.objects.create_user("stranger")


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("staff", is_staff=True)


@pytest.fixture
def caller() -> Caller:
    """A client that sends the key of a user, with the scopes given (read and write where none are)."""

    def make(user: User, *scopes: str) -> APIClient:
        _, key = create_key(owner=user, name="test", scopes=scopes or ("read", "write"))
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
        return client

    return make


def segment(number: int, text: str, *, speaker: str | None = None, start_s: float | None = None) -> Segment:
    """A second of speech at `start_s` (its number where none is given), its words evenly spread."""
    start = float(number) if start_s is None else start_s
    pieces = text.split()
    width_s = 1.0 / max(1, len(pieces))
    words = tuple(
        Word(piece, start + i * width_s, start + (i + 1) * width_s, 0.5) for i, piece in enumerate(pieces)
    )
    return Segment(number, start, start + 1.0, text, speaker_id=speaker, words=words, language="en")


@pytest.fixture
def conversation(owner: User) -> Conversation:
    """A recording of two voices, with a live and a final version of its words."""
    row = Conversation.objects.create(
        owner=owner, source=Conversation.Source.UPLOAD, title="a call", language="en", duration_s=3.0
    )
    add_live_segment(conversation_id=row.pk, segment=segment(0, "good morning how can i help"))
    replace_final_segments(
        conversation_id=row.pk,
        run_number=1,
        segments=[
            segment(0, "good morning", speaker="SPEAKER_00"),
            segment(1, "my name is asha", speaker="SPEAKER_01"),
            segment(2, "how can <i> help & --> you", speaker="SPEAKER_00"),
        ],
        speakers=[
            SpeakerFigures("SPEAKER_00", talk_time_s=2.0, talk_ratio=2 / 3, num_turns=2),
            SpeakerFigures("SPEAKER_01", talk_time_s=1.0, talk_ratio=1 / 3, num_turns=1, name="Asha"),
        ],
    )
    return row
