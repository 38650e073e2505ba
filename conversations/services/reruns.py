"""Once more: a whole run, or what failed of one together with what comes after it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db import transaction

from conversations import dispatch
from conversations.errors import Conflict, NotReady
from conversations.models import Conversation, PipelineRun, Stage, StageRun, WorkStatus
from conversations.selectors import latest_run
from conversations.services.run_plan import (
    AD_HOC,
    ASKED_BY,
    ENGINES,
    ONLY,
    plan_run,
    waits_for,
    with_dependants,
)
from conversations.services.runs import RunInProgressError, start_run
from conversations.services.stage_runs import RUN_UNFINISHED

AGAIN = {
    "status": StageRun.Status.PENDING,
    "progress": 0.0,
    "attempts": 0,
    "task_id": "",
    "queued_at": None,
    "started_at": None,
    "finished_at": None,
    "lease_until": None,
    "output": None,
    "error": "",
    "skip_reason": "",
}


def rerun(
    *, conversation_id: UUID, stages: Collection[str] = (), engines: Mapping[str, str] | None = None
) -> PipelineRun:
    """A new run that asks for what the last one asked for; `stages`: for these alone and what depends on
    them. `engines`: others than the settings name, by stage; they hold for this run.

    Raises Conflict where one is under way, where the words are still being spoken, or where nothing of what
    was named would be done.
    """
    conversation = Conversation.objects.get(pk=conversation_id)
    last = latest_run(conversation)
    if last is None and conversation.source == Conversation.Source.LIVE:
        raise Conflict("The live session of this conversation has not ended.")
    if last is not None and last.status in RUN_UNFINISHED:
        raise Conflict(f"Run {last.number} of this conversation is not finished.")
    parameters = {**(last.parameters if last else {})}
    for name in (ONLY, ENGINES):
        parameters.pop(name, None)
    if stages:
        parameters |= {ASKED_BY[stage]: True for stage in ASKED_BY if stage in stages}
        if Stage.TRANSCRIPTION in stages and conversation.source == Conversation.Source.LIVE:
            parameters["enhance_on_end"] = True
        parameters[ONLY] = [str(stage) for stage in with_dependants(stages)]
    if engines:
        parameters[ENGINES] = dict(engines)
    try:
        return start_run(conversation_id=conversation_id, parameters=parameters)
    except RunInProgressError as error:
        raise Conflict(str(error)) from error


def ask(*, conversation_id: UUID, question: str) -> PipelineRun:
    """A run that answers one question about the newest words. Raises Conflict where a run is under way: its
    words may still change; NotReady where there are no words."""
    conversation = Conversation.objects.get(pk=conversation_id)
    if not conversation.segments.exists():
        raise NotReady("There are no words yet that could answer.")
    try:
        return start_run(
            conversation_id=conversation_id,
            parameters={AD_HOC: True, ONLY: [str(Stage.QA)], "questions": [question]},
        )
    except RunInProgressError as error:
        raise Conflict("This conversation is being worked on; ask again when it is done.") from error


@transaction.atomic
def retry_failed(*, conversation_id: UUID) -> list[str]:
    """Send the failed stages of the newest run again, and every later stage that may read what they give.

    Returns the names of what is sent, in order; none where nothing had failed or the run is under way.
    """
    conversation = Conversation.objects.select_for_update().get(pk=conversation_id)
    newest = latest_run(conversation)
    run = conversation.runs.select_for_update().get(pk=newest.pk) if newest else None
    if run is None or run.status in RUN_UNFINISHED:
        return []
    stages = list(run.stages.select_for_update().order_by("position"))
    failed = {stage.name for stage in stages if stage.status == StageRun.Status.FAILED}
    if not failed:
        return []
    never = {
        str(planned.stage)
        for planned in plan_run(source=conversation.source, parameters=run.parameters)
        if planned.skip_reason
    }
    again = [
        stage.name
        for stage in stages
        if stage.name in failed or (stage.name not in never and failed & waits_for(stage.name))
    ]
    run.stages.filter(name__in=again).update(**AGAIN)
    PipelineRun.objects.filter(pk=run.pk).update(status=WorkStatus.PENDING, finished_at=None)
    Conversation.objects.filter(pk=conversation.pk).update(
        status=Conversation.Status.PENDING, completed_at=None
    )
    dispatch.advance_run_after_commit(run.pk)
    return again
