"""Once more: a whole run, or what failed of one together with what comes after it."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from conversations import dispatch
from conversations.errors import Conflict
from conversations.models import Conversation, PipelineRun, StageRun, WorkStatus
from conversations.services.run_plan import plan_run, waits_for
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


def rerun(*, conversation_id: UUID) -> PipelineRun:
    """A new run that asks for what the last one asked for. Raises Conflict where one is under way, or where
    the words are still being spoken."""
    conversation = Conversation.objects.get(pk=conversation_id)
    last = conversation.runs.order_by("-number").first()
    if last is None and conversation.source == Conversation.Source.LIVE:
        raise Conflict("The live session of this conversation has not ended.")
    if last is not None and last.status in RUN_UNFINISHED:
        raise Conflict(f"Run {last.number} of this conversation is not finished.")
    try:
        return start_run(conversation_id=conversation_id, parameters=last.parameters if last else {})
    except RunInProgressError as error:
        raise Conflict(str(error)) from error


@transaction.atomic
def retry_failed(*, conversation_id: UUID) -> list[str]:
    """Send the failed stages of the newest run again, and every later stage that may read what they give.

    Returns the names of what is sent, in order; none where nothing had failed or the run is under way.
    """
    conversation = Conversation.objects.select_for_update().get(pk=conversation_id)
    run = conversation.runs.select_for_update().order_by("-number").first()
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
