"""Rows that the tests of runs start from."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User

from conversations.models import Conversation, PipelineRun, Segment, StageRun, Version
from conversations.services import runs, stage_runs


def make_conversation(source: str = Conversation.Source.TEXT, *lines: str, **fields: Any) -> Conversation:
    """One of a new owner, with the lines as its live version, two speakers taking turns of two seconds."""
    owner = User.objects.create(username=uuid4().hex)
    conversation = Conversation.objects.create(owner=owner, source=source, language="en", **fields)
    Segment.objects.bulk_create(
        Segment(
            conversation=conversation,
            version=Version.LIVE,
            number=number,
            start_s=2.0 * number,
            end_s=2.0 * number + 2.0,
            text=line,
            speaker_label=f"SPEAKER_0{number % 2}",
        )
        for number, line in enumerate(lines)
    )
    return conversation


def start(conversation: Conversation, **parameters: Any) -> PipelineRun:
    return runs.start_run(conversation_id=conversation.pk, parameters=parameters)


def stage_of(run: PipelineRun, name: str) -> StageRun:
    return run.stages.get(name=name)


def states(run: PipelineRun) -> dict[str, str]:
    return dict(run.stages.values_list("name", "status"))


def take(stage: StageRun, task_id: str = "task") -> StageRun:
    """Claim a stage that is there to be taken."""
    taken = stage_runs.claim_stage(stage_run_id=stage.pk, task_id=task_id)
    assert taken is not None
    return taken


def succeed(stage: StageRun, output: Any = None) -> bool:
    return stage_runs.finish_stage(
        stage_run_id=stage.pk,
        attempt=stage.attempts,
        output=output,
        engine="made-up",
        model="none",
        engine_version="1",
    )
