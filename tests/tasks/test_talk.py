"""What the stages get to read."""

from __future__ import annotations

import pytest

from conversations.selectors import version_read_by
from conversations.services.words import replace_final_segments
from sessions.models import RealTimeSession
from tasks.recordings import NoRecordingError, ensure_recording, settle_recording
from tasks.stages import diarization
from tasks.stages.base import StageWork
from tasks.stages.transcription import segments_from
from tasks.talk import segments_of, talk_of
from tests.tasks.rows import make_conversation, start
from transcription.engines.base import Hypothesis, HypothesisSegment
from transcription.models import Segment, Turn, Word


@pytest.mark.django_db
def test_the_newest_version_is_read() -> None:
    """A run reads the live words until it has made a final version, and none where nothing was said."""
    run = start(make_conversation("live", "hello"))
    assert version_read_by(run) == 0
    replace_final_segments(
        conversation_id=run.conversation_id,
        run_number=1,
        segments=[Segment(id=0, start_s=0.0, end_s=1.0, text="hallo")],
        speakers=(),
    )
    assert version_read_by(run) == 1
    assert version_read_by(start(make_conversation("live"))) is None


@pytest.mark.django_db
def test_rows_become_the_talk_that_they_hold() -> None:
    """A talk has the segments in order with their words and speakers, its turns, and its true length."""
    conversation = make_conversation("live", "hello there", "good morning", duration_s=3.0)
    words = [Word("hello", 0.0, 0.5, 0.9).to_json(), Word("there", 0.6, 1.0).to_json()]
    conversation.segments.filter(number=0).update(words=words)
    talk = talk_of(conversation, 0)
    assert [segment.text for segment in talk.segments] == ["hello there", "good morning"]
    assert talk.segments[0].words == (Word("hello", 0.0, 0.5, 0.9), Word("there", 0.6, 1.0))
    assert talk.turns == (Turn("SPEAKER_00", 0.0, 2.0), Turn("SPEAKER_01", 2.0, 4.0))
    assert (talk.language, talk.duration_s) == ("en", 4.0)


def test_silence_makes_no_segments() -> None:
    """Pieces of a hypothesis without words are left out, and the others are numbered without a gap."""
    heard = Hypothesis(
        (HypothesisSegment(0, 1, " "), HypothesisSegment(1, 2, " yes "), HypothesisSegment(2, 3, "no")),
        language="en",
    )
    assert [(s.id, s.text, s.start_s, s.language) for s in segments_from([heard, Hypothesis(())])] == [
        (0, "yes", 1, "en"),
        (1, "no", 2, "en"),
    ]


@pytest.mark.django_db
def test_channels_are_the_speakers() -> None:
    """Where each channel of a session is a speaker no engine guesses: the words keep theirs, and the voices
    are counted by them."""
    conversation = make_conversation("live", "hello there", "good morning", session_id="two-sides")
    for number in (0, 1):
        conversation.segments.filter(number=number).update(speaker_label=f"CHANNEL_{number}")
    RealTimeSession.objects.create(
        session_id="two-sides",
        owner=conversation.owner,
        conversation=conversation,
        protocol="transcribe",
        encoding="pcm_s16le",
        sample_rate_hz=16_000,
        channels=2,
        options={"multichannel": True},
    )
    run = start(conversation)
    stage = run.stages.get(name="diarization")
    result = diarization.run(StageWork(stage, lambda _: None, lambda _: None))
    assert result.engine.name == "channels"
    assert [speaker["label"] for speaker in result.output["speakers"]] == ["CHANNEL_0", "CHANNEL_1"]
    assert [turn["speaker_id"] for turn in result.output["turns"]] == ["CHANNEL_0", "CHANNEL_1"]
    assert result.record is not None
    result.record(stage)
    assert [s.speaker_id for s in segments_of(conversation, run.number)] == ["CHANNEL_0", "CHANNEL_1"]


@pytest.mark.django_db
@pytest.mark.parametrize("source", ["live", "upload", "text"])
def test_without_audio_there_is_no_recording(source: str) -> None:
    """A conversation without audio says so, and settling it does nothing."""
    conversation = make_conversation(source, "hello", session_id="never-spoken")
    with pytest.raises(NoRecordingError):
        ensure_recording(conversation)
    settle_recording(conversation)
    assert not conversation.audio
