"""Runs through a real worker: the whole way, and the ways it can go wrong."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connections
from django.utils import timezone

from conversations.models import (
    Conversation,
    PipelineRun,
    QuestionSet,
    Segment,
    Speaker,
    StageRun,
    WorkStatus,
)
from conversations.run_events import run_channel
from conversations.selectors import version_number
from conversations.services import runs
from sessions import journal
from sessions.models import JournalPart, RealTimeSession
from sessions.services.finishing import finish_abandoned
from tasks.pipeline import advance_run
from tasks.upkeep import sweep_runs
from tests.sessions.rows import make_session
from tests.tasks.conftest import News
from tests.tasks.rows import make_conversation, stage_of, start, states, take
from tests.waiting import wait_for
from transcription.audio.files import decode_file, encode_flac
from transcription.audio.formats import AudioFormat
from transcription.engines.base import SAMPLE_RATE_HZ

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("batch_worker"),
    pytest.mark.stack,
]

Listen = Callable[[str], News]
LINES = (
    "Thank you for calling the clinic, how can I help you?",
    "My name is Mary Jones and I live in Leeds.",
    "I will send you the form by email tomorrow.",
)


def ended(news: dict[str, Any]) -> bool:
    return bool(news["kind"] == "run")


def run_to_its_end(listen: Listen, conversation: Conversation, **parameters: Any) -> PipelineRun:
    news = listen(run_channel("*"))
    run = start(conversation, **parameters)
    news.until(lambda said: said["run_id"] == run.pk and ended(said))
    run.refresh_from_db()
    return run


def flac_of(samples: Any) -> ContentFile[bytes]:
    buffer = BytesIO()
    encode_flac(samples, buffer)
    return ContentFile(buffer.getvalue(), name="talk.flac")


def test_a_text_goes_the_whole_way(listen: Listen) -> None:
    """A text's run completes: what it found are rows of the version it was found in, every output names its
    engine, and each stage's progress was said before the end of the run."""
    questions = QuestionSet.objects.create(name=uuid4().hex)
    questions.questions.create(key="name", text="What is your name?", answer_type="name")
    conversation = make_conversation("text", *LINES, question_set=questions)
    news = listen(run_channel("*"))
    run = start(conversation, questions=["Where do you live?"])
    said = news.until(ended)
    run.refresh_from_db()
    conversation.refresh_from_db()
    assert (run.status, conversation.status) == (WorkStatus.COMPLETED, Conversation.Status.COMPLETED)
    assert conversation.completed_at == run.finished_at
    for stage in run.stages.filter(status=StageRun.Status.SUCCEEDED):
        assert stage.engine
        assert stage.engine_version
        assert stage.output is not None
        assert (stage.name, "succeeded") in {(news["stage"], news["status"]) for news in said}
    assert {entity.run_number for entity in conversation.entities.all()} == {0}
    assert len(stage_of(run, "entities").output) == conversation.entities.count() > 0
    assert [answer.question_key for answer in conversation.answers.order_by("id")] == ["name", "custom-1"]
    assert stage_of(run, "summary").output["text"]


def test_a_second_run_replaces_what_the_first_found(listen: Listen) -> None:
    """Running again over the same version leaves each finding there once."""
    conversation = make_conversation("text", *LINES)
    run_to_its_end(listen, conversation)
    first = conversation.entities.count()
    run_to_its_end(listen, conversation)
    assert conversation.entities.count() == first > 0


def test_a_stage_that_raises_costs_only_itself(listen: Listen) -> None:
    """When one stage breaks the run is partial, says what broke, and has everything else."""
    run = run_to_its_end(listen, make_conversation("text", "raise your hand", *LINES))
    assert run.status == WorkStatus.PARTIAL
    assert stage_of(run, "quality").error == "ZeroDivisionError: as I was told"
    assert states(run)["summary"] == states(run)["entities"] == StageRun.Status.SUCCEEDED


def test_a_passing_fault_is_tried_again(listen: Listen) -> None:
    """A stage whose engine fails for the moment succeeds at its second attempt and bears no error."""
    run = run_to_its_end(listen, make_conversation("text", f"fail for now {uuid4()}", *LINES))
    quality = stage_of(run, "quality")
    assert (run.status, quality.attempts, quality.error) == (WorkStatus.COMPLETED, 2, "")


def test_a_killed_process_is_outlived(listen: Listen) -> None:
    """A stage whose process is killed is reported by its worker, done by another process, and done once."""
    conversation = make_conversation("text", f"die once {uuid4()}", *LINES)
    news = listen(run_channel("*"))
    run = start(conversation)
    said = news.until(ended)
    run.refresh_from_db()
    quality = stage_of(run, "quality")
    assert (run.status, quality.status, quality.attempts) == (WorkStatus.COMPLETED, "succeeded", 2)
    assert sum(s.get("stage") == "quality" and s["status"] == "succeeded" for s in said) == 1


def test_a_stage_whose_worker_is_silent_is_outlived(listen: Listen) -> None:
    """One that nobody reports is found when its lease ends, by as many sweeps as there are, and sent once."""
    news = listen(run_channel("*"))
    run = start(make_conversation("text", *LINES))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("conversations.dispatch.run_stage_after_commit", lambda *_, **__: None)
        runs.advance_run(run_id=run.pk)
    stage = run.stages.filter(status="pending", queued_at__isnull=False).first()
    assert stage is not None
    take(stage, "of a worker that is gone")
    StageRun.objects.filter(pk=stage.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    sent: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("conversations.dispatch.run_stage_after_commit", lambda pk, **_: sent.append(pk))
        with ThreadPoolExecutor(8) as together:
            list(together.map(lambda _: on_own_connection(sweep_runs), range(8)))
    assert sent == [stage.pk]
    run.stages.filter(status="pending", queued_at__isnull=False).update(
        queued_at=timezone.now() - timedelta(minutes=5)
    )
    sweep_runs()
    news.until(ended)
    run.refresh_from_db()
    assert run.status == WorkStatus.COMPLETED


def on_own_connection(function: Callable[[], object]) -> None:
    try:
        function()
    finally:
        connections.close_all()


def test_a_forgotten_run_is_found(listen: Listen) -> None:
    """A run whose first message was lost is taken up by the sweep."""
    news = listen(run_channel("*"))
    conversation = make_conversation("text", *LINES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("conversations.dispatch.advance_run_after_commit", lambda run_id: None)
        run = start(conversation)
    PipelineRun.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(minutes=1))
    sweep_runs()
    news.until(ended)
    run.refresh_from_db()
    assert run.status == WorkStatus.COMPLETED


def test_a_lost_message_is_sent_again(listen: Listen) -> None:
    """A stage that was sent long ago, and of which no message is left, is sent again by the sweep."""
    conversation = make_conversation("text", *LINES)
    news = listen(run_channel("*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("conversations.dispatch.advance_run_after_commit", lambda run_id: None)
        patch.setattr("conversations.dispatch.run_stage_after_commit", lambda *_, **__: None)
        run = start(conversation)
        runs.advance_run(run_id=run.pk)
    run.stages.filter(status="pending", queued_at__isnull=False).update(
        queued_at=timezone.now() - timedelta(minutes=5)
    )
    sweep_runs()
    news.until(ended)
    run.refresh_from_db()
    assert run.status == WorkStatus.COMPLETED


def test_an_upload_gets_a_final_version_with_speakers(listen: Listen) -> None:
    """A recording is transcribed, its words get their speakers, the segment that two share is split, and what
    the stages find belongs to that version."""
    conversation = make_conversation("upload")
    conversation.audio.save("talk.flac", flac_of(np.zeros(4 * SAMPLE_RATE_HZ, np.float32)))
    run = run_to_its_end(listen, conversation)
    assert run.status == WorkStatus.COMPLETED, states(run)
    segments = Segment.objects.filter(conversation=conversation)
    assert [(s.run_number, s.speaker_label, s.text) for s in segments] == [
        (1, "SPEAKER_00", "0 1"),
        (1, "SPEAKER_01", "2 3"),
    ]
    voices = Speaker.objects.filter(conversation=conversation, run_number=1)
    assert [(v.label, v.talk_time_s, v.talk_ratio, v.num_turns) for v in voices] == [
        ("SPEAKER_00", 2.0, 0.5, 1),
        ("SPEAKER_01", 2.0, 0.5, 1),
    ]
    assert [s["label"] for s in stage_of(run, "diarization").output["speakers"]] == [v.label for v in voices]
    conversation.refresh_from_db()
    assert conversation.duration_s == 4.0


def test_an_upload_that_is_no_audio_fails_and_says_so(listen: Listen) -> None:
    """A file that cannot be decoded after all fails the transcription at its first attempt; what needs words
    is skipped."""
    conversation = make_conversation("upload")
    conversation.audio.save("talk.flac", ContentFile(b"this is no recording at all"))
    run = run_to_its_end(listen, conversation)
    transcription = stage_of(run, "transcription")
    assert (run.status, transcription.attempts) == (WorkStatus.FAILED, 1)
    assert transcription.error


def recorded_session(*, store_audio: bool = True, seconds: float = 3) -> Conversation:
    """A live conversation with a journal that holds silence."""
    session_id = uuid4().hex
    written = journal.open_journal(session_id, AudioFormat(), epoch=1)
    written.append(np.zeros(int(seconds * SAMPLE_RATE_HZ), "<i2").tobytes())
    written.close()
    return make_conversation("live", "one", session_id=session_id, store_audio=store_audio)


@pytest.mark.parametrize("store_audio", [True, False])
def test_a_live_recording_is_kept_or_erased_as_asked(listen: Listen, store_audio: bool) -> None:
    """After the run the journal of a session that may be kept is a FLAC of the same length; of one that may
    not, nothing is left, though the run could still hear it."""
    conversation = recorded_session(store_audio=store_audio)
    run = run_to_its_end(listen, conversation, enhance_on_end=True)
    assert run.status == WorkStatus.COMPLETED, states(run)
    assert stage_of(run, "transcription").output["num_words"] == 3
    conversation.refresh_from_db()
    if store_audio:
        with conversation.audio.open("rb") as file:
            assert len(decode_file(file)) == 3 * SAMPLE_RATE_HZ
    else:
        assert not conversation.audio
        assert not journal.has_recording(conversation.session_id)


@pytest.mark.parametrize("ending", ["failed", "cancelled", "abandoned", "forgotten"])
def test_audio_that_may_not_be_kept_is_erased_however_it_ends(listen: Listen, ending: str) -> None:
    """Whether the run failed, was cancelled, came from a session that its process left, or the message that
    ends a recording was lost: rows and files of the journal go, and none is stored."""
    made = make_session(uuid4().hex)
    conversation = made.conversation
    Conversation.objects.filter(pk=conversation.pk).update(store_audio=False)
    conversation.refresh_from_db()
    written = journal.open_journal(made.session_id, AudioFormat(), epoch=1)
    written.append(np.zeros(SAMPLE_RATE_HZ, "<i2").tobytes())
    if ending != "abandoned":
        written.seal()
        assert JournalPart.objects.filter(session=made).count() == 1
    if ending == "abandoned":
        RealTimeSession.objects.filter(pk=made.pk).update(lease_until=timezone.now() - timedelta(hours=1))
        assert made.session_id in finish_abandoned(grace_s=0)
    elif ending == "forgotten":
        PipelineRun.objects.create(conversation=conversation, number=1, status=WorkStatus.CANCELLED)
        sweep_runs()
    else:
        run = start(conversation)
        if ending == "cancelled":
            runs.cancel_run(run_id=run.pk)
        else:
            StageRun.objects.filter(run=run).update(status=StageRun.Status.FAILED)
            advance_run.delay(run.pk)
    wait_for(lambda: not journal.has_recording(made.session_id))
    conversation.refresh_from_db()
    assert not conversation.audio
    assert not JournalPart.objects.exists()


def test_an_enhancement_stands_beside_the_live_words(listen: Listen) -> None:
    """The live version stays as it was; the enhanced one is a final with speakers under the run's number, by
    the final model; a flag without an engine is a stage that was skipped and says why."""
    conversation = recorded_session()
    run_to_its_end(listen, conversation)
    run = run_to_its_end(listen, conversation, enhance_on_end=True, enhance_emotions=True)
    live = conversation.segments.filter(version="live")
    final = conversation.segments.filter(version="final", run_number=2)
    assert [segment.text for segment in live] == ["one"]
    assert " ".join(segment.text for segment in final) == "0 1 2"
    assert {segment.speaker_label for segment in final} == {"SPEAKER_00", "SPEAKER_01"}
    assert stage_of(run, "transcription").model == settings.AMBIENT.live.whisper_model_final
    emotion = stage_of(run, "emotion")
    assert emotion.status == "skipped"
    assert emotion.skip_reason


def test_a_recording_in_which_nothing_is_heard_keeps_that(listen: Listen) -> None:
    """An enhancement that hears no word is an empty final version: the live words are not taken for it."""
    conversation = recorded_session(seconds=0.5)
    run = run_to_its_end(listen, conversation, enhance_on_end=True)
    assert run.status == WorkStatus.COMPLETED
    assert stage_of(run, "diarization").skip_reason == "there are no words: nothing was said"
    assert version_number(conversation) == version_number(conversation, version="final") == run.number
    assert [segment.text for segment in conversation.segments.all()] == ["one"]


def test_a_run_of_named_stages_does_no_others(listen: Listen) -> None:
    """What a transcription job asks for is all that is done."""
    conversation = make_conversation("upload")
    conversation.audio.save("talk.flac", flac_of(np.zeros(2 * SAMPLE_RATE_HZ, np.float32)))
    run = run_to_its_end(listen, conversation, stages=["transcription", "diarization"])
    assert states(run) == {"transcription": "succeeded", "diarization": "succeeded"}


def test_the_recording_of_a_cancelled_run_is_settled(listen: Listen) -> None:
    """Of a session that may not be kept, cancelling its run leaves no audio behind."""
    conversation = recorded_session(store_audio=False)
    run = start(conversation, enhance_on_end=True)
    assert runs.cancel_run(run_id=run.pk)
    run_to_its_end(listen, make_conversation("text", *LINES))  # after it, in the worker's one process
    assert not journal.has_recording(conversation.session_id)


def test_cancelling_frees_the_worker(listen: Listen) -> None:
    """A cancelled run stays cancelled, and the worker goes on with the next."""
    conversation = make_conversation("text", *LINES)
    run = start(conversation)
    runs.cancel_run(run_id=run.pk)
    assert run_to_its_end(listen, make_conversation("text", *LINES)).status == WorkStatus.COMPLETED
    run.refresh_from_db()
    assert run.status == WorkStatus.CANCELLED
