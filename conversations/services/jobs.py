"""Taking a transcription job back."""

from __future__ import annotations

from django.db import transaction

from conversations.jobs import ENHANCES, is_enhancement
from conversations.models import Answer, Entity, PipelineRun, Segment, Speaker, WorkStatus
from conversations.services.conversations import erase_conversation
from conversations.services.runs import cancel_run


@transaction.atomic
def erase_job(*, run: PipelineRun) -> None:
    """Take a job away, under way or done. Of a recording that was sent in nothing stays; of a live session
    what this run made goes, and its live words, its recording and other runs stay.

    An enhancement's row stays, empty and cancelled: it is what says that the session was over.
    """
    if not is_enhancement(run):
        erase_conversation(conversation_id=run.conversation_id)
        return
    cancel_run(run_id=run.pk)
    for rows in (Segment, Speaker, Entity, Answer):
        rows.objects.filter(conversation_id=run.conversation_id, run_number=run.number).delete()
    run.stages.all().delete()
    parameters = {name: value for name, value in run.parameters.items() if name != ENHANCES}
    PipelineRun.objects.filter(pk=run.pk).update(status=WorkStatus.CANCELLED, parameters=parameters)
