"""Where a live recording is when its run is over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.core.files.storage import FileSystemStorage
from django.db.models.fields.files import FieldFile

from conversations.models import Conversation
from sessions import journal
from tasks.recordings import ensure_recording, settle_recording
from tests.tasks.rows import make_conversation
from transcription.audio.formats import AudioFormat
from transcription.engines.base import SAMPLE_RATE_HZ

pytestmark = pytest.mark.django_db


@pytest.fixture
def recorded() -> Conversation:
    session_id = uuid4().hex
    written = journal.open_journal(session_id, AudioFormat(), epoch=1)
    written.append(np.zeros(SAMPLE_RATE_HZ, "<i2").tobytes())
    written.close()
    return make_conversation("live", "one", session_id=session_id)


def test_a_recording_is_kept_once(recorded: Conversation) -> None:
    """When the file is stored the journal goes; settling again changes nothing."""
    settle_recording(recorded)
    stored = recorded.audio.name
    assert stored
    assert not journal.has_recording(recorded.session_id)
    settle_recording(recorded)
    assert recorded.audio.name == stored


def test_what_may_not_be_written_is_heard_and_gone(settings: Any, tmp_path: Path) -> None:
    """With AMBIENT_JOURNAL=memory stages hear the recording from Redis; when it is settled it is nowhere."""
    settings.AMBIENT = replace(settings.AMBIENT, journal="memory", media_root=tmp_path)
    session_id = uuid4().hex
    written = journal.open_journal(session_id, AudioFormat(), epoch=1)
    written.append(np.zeros(SAMPLE_RATE_HZ, "<i2").tobytes())
    written.seal()
    conversation = make_conversation("live", "one", session_id=session_id, store_audio=False)
    assert len(ensure_recording(conversation)) == SAMPLE_RATE_HZ
    settle_recording(conversation)
    assert not journal.has_recording(session_id)
    assert not conversation.audio
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_stored_stays_in_the_journal(
    recorded: Conversation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A storage that fails in a way nobody foresaw holds no run up, and loses no audio."""

    def refuse(*_: object, **__: object) -> None:
        raise TypeError("an argument that this version of a library does not take")

    with monkeypatch.context() as broken:
        broken.setattr(FileSystemStorage, "save", refuse)
        settle_recording(recorded)
    assert isinstance(recorded.audio, FieldFile)
    assert not recorded.audio
    assert journal.has_recording(recorded.session_id)
    settle_recording(recorded)
    assert recorded.audio
