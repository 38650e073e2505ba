"""The shipped call as rows, as a live session and its analysis leave them: the words as they were heard live
(some of them misheard), a final version with speakers and the recording; and what the stages made of it."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from django.apps import apps
from django.contrib.auth.models import User
from django.core.files.base import File

from ambient import demo
from conversations.models import Conversation, QuestionSet, StageRun
from conversations.services import runs, stage_runs, waveforms
from conversations.services.words import SpeakerFigures, add_live_segment, replace_final_segments
from tasks.pipeline import advance_run, run_stage
from transcription.analysis.speakers import introduced_names, speaker_statistics, turns_from_segments
from transcription.models import Segment as Heard
from transcription.models import Word

CALL = Path(demo.__file__).parent / "call"
MISHEARD = {
    "headache": "head egg",
    "penicillin": "pen a sill in",
    "aspirin": "as bring",
    "Robert Miller.": "robert mueller",
    "the flu.": "flew",
}
"""In the live version."""
STATED = ("transcription", "diarization")
"""Stages whose result is given here; the others run."""


def call_segments() -> list[Heard]:
    """The call as it was spoken, with its speakers and the times of its words."""
    document = json.loads(CALL.with_suffix(".json").read_text())
    return [
        Heard(
            id=number,
            start_s=said["start"],
            end_s=said["end"],
            text=said["text"],
            speaker_id=said["speaker"],
            words=tuple(Word(one["word"], one["start"], one["end"], None) for one in said["words"]),
            language="en",
        )
        for number, said in enumerate(document["segments"])
    ]


def reviewed_call(owner: User, *, title: str = "A call to a family health clinic") -> Conversation:
    """The call, analysed by the embedded engines in this process. Takes a few seconds."""
    said = call_segments()
    if not QuestionSet.objects.exists():  # a test before this one emptied the tables, with what ships in them
        import_module("conversations.migrations.0002_example_catalogue").add_examples(apps, None)
    conversation = Conversation.objects.create(
        owner=owner,
        source=Conversation.Source.LIVE,
        session_id=f"call-{owner.pk}",
        title=title,
        language="en",
        duration_s=86.346,
    )
    with CALL.with_suffix(".flac").open("rb") as recording:
        conversation.audio.save("call.flac", File(recording))
    waveforms.draw_waveform(conversation_id=conversation.pk)
    for segment in said:
        text = segment.text
        for right, wrong in MISHEARD.items():
            text = text.replace(right, wrong)
        add_live_segment(
            conversation_id=conversation.pk, segment=replace(segment, text=text, speaker_id=None)
        )
    run = runs.start_run(conversation_id=conversation.pk, parameters={})
    for name in STATED:
        if stage := run.stages.filter(name=name, status=StageRun.Status.PENDING).first():
            state(stage, said)
    while stage := next(iter(stage_runs.ready_stages(run)), None):
        run_stage.apply(args=(stage.pk,))
    advance_run(run.pk)
    conversation.refresh_from_db()
    return conversation


def state(stage: StageRun, said: list[Heard]) -> None:
    """End a stage with the words as they were spoken and the speakers as they are."""
    names = introduced_names(said)
    figures = [
        SpeakerFigures(
            label=one.label,
            talk_time_s=one.total_talk_time_s,
            talk_ratio=one.talk_ratio,
            num_turns=one.num_turns,
            name=names.get(one.label, ""),
        )
        for one in speaker_statistics(turns_from_segments(said))
    ]

    def record(row: StageRun) -> None:
        replace_final_segments(
            conversation_id=row.run.conversation_id,
            run_number=row.run.number,
            segments=said,
            speakers=figures,
        )

    taken = stage_runs.claim_stage(stage_run_id=stage.pk, task_id="stated")
    assert taken is not None
    stage_runs.finish_stage(
        stage_run_id=taken.pk,
        attempt=taken.attempts,
        output={},
        engine="stated",
        model="",
        engine_version="1",
        record=record,
    )
