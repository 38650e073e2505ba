"""The recording of a session once more, by the batch engine and its larger model (contract: enhancement)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from conversations.errors import Conflict
from conversations.jobs import ENHANCES, JOB_STATUS, enhancement_of
from conversations.models import Conversation, PipelineRun, WorkStatus
from conversations.services.runs import cancel_run, start_run
from conversations.services.stage_runs import RUN_UNFINISHED
from sessions import journal
from sessions.models import RealTimeSession

RUN_OPTIONS = (ENHANCES, "enhance_llm_cleanup", "enhance_emotions", "diarization", "vocabulary")
"""What a client asked of its session that its run reads."""
MAY_BE_TRIED_AGAIN = (WorkStatus.FAILED, WorkStatus.CANCELLED)


def run_parameters(options: Mapping[str, Any]) -> dict[str, Any]:
    """Of the run over a session with these options; what was not asked for is left out."""
    return {name: options[name] for name in RUN_OPTIONS if options.get(name)}


@transaction.atomic
def start_enhancement(*, session_id: str) -> PipelineRun:
    """A run that transcribes the session's recording again, in place of one that is still at the live words:
    it does all of that one's work over, on better words, and what that one had done stays.

    Raises Conflict for a session that has not ended, where an enhancement is there or under way, and where
    the recording is not kept; RealTimeSession.DoesNotExist.
    """
    session = RealTimeSession.objects.select_for_update().get(session_id=session_id)
    if session.status in RealTimeSession.RUNNING:
        raise Conflict("This session has not ended; with enhance_on_end it is enhanced when it does.")
    unfinished = list(
        PipelineRun.objects.select_for_update().filter(
            conversation_id=session.conversation_id, status__in=RUN_UNFINISHED
        )
    )
    conversation = Conversation.objects.select_for_update().get(pk=session.conversation_id)
    found = enhancement_of(conversation)
    if found is not None and found.status not in MAY_BE_TRIED_AGAIN:
        raise Conflict(
            f"This session has an enhancement; it is {JOB_STATUS[found.status]}.",
            details={"enhancement_job_id": str(found.pk)},
        )
    if not (conversation.audio or journal.has_recording(session_id)):
        raise Conflict("The recording of this session is not kept, so there is nothing to transcribe.")
    for run in unfinished:
        cancel_run(run_id=run.pk)
    return start_run(
        conversation_id=conversation.pk, parameters={**run_parameters(session.options), ENHANCES: True}
    )
