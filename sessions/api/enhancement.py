"""The enhancement of a live session over REST (contract: transcription stream)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.base import ApiView
from conversations.api.once import IDEMPOTENCY_HEADER, respond_once
from conversations.api.transcripts import words_of
from conversations.jobs import ENHANCES, JOB_STATES, JOB_STATUS, enhancement_of, error_of, words_number
from conversations.models import PipelineRun, WorkStatus
from sessions.models import RealTimeSession
from sessions.selectors import session_for
from sessions.services.enhancement import start_enhancement

STATUS = {
    WorkStatus.PENDING: "pending",
    WorkStatus.PROCESSING: "processing",
    WorkStatus.COMPLETED: "completed",
    WorkStatus.PARTIAL: "completed",
    WorkStatus.FAILED: "failed",
    WorkStatus.CANCELLED: "failed",
}
"""Of an enhancement, by the status of its run (contract: terms, states)."""
STATES = ("not_requested", "pending", "processing", "completed", "failed")


class EnhancementDocument(serializers.Serializer[Any]):
    session_id = serializers.CharField()
    status = serializers.ChoiceField(STATES)
    enhancement_job_id = serializers.CharField(allow_null=True)
    job_status = serializers.ChoiceField(JOB_STATES, allow_null=True)
    transcript = serializers.CharField(allow_null=True, help_text="The enhanced text, when completed.")
    error = serializers.CharField(allow_null=True)


class AcceptedEnhancement(serializers.Serializer[Any]):
    enhancement_job_id = serializers.CharField()


class EnhancementView(ApiView):
    @extend_schema(operation_id="enhancement_read", responses=EnhancementDocument)
    def get(self, request: Request, session_id: str) -> Response:
        """How far the enhancement of a session is."""
        session = session_for(self.access, session_id)
        run = enhancement_of(session.conversation)
        return Response(_unstarted(session) if run is None else _document(session, run))


class EnhanceView(ApiView):
    @extend_schema(
        operation_id="enhancement_create",
        parameters=[IDEMPOTENCY_HEADER],
        request=None,
        responses={
            202: AcceptedEnhancement,
            409: OpenApiResponse(
                description="There is one, the session has not ended, or its recording is not kept."
            ),
        },
    )
    def post(self, request: Request, session_id: str) -> Response:
        """Transcribes the whole recording again, with the larger model; the live transcript stays."""
        session_for(self.access, session_id)

        def work() -> tuple[int, Any]:
            return 202, {"enhancement_job_id": str(start_enhancement(session_id=session_id).pk)}

        return respond_once(request, {}, work)


def _unstarted(session: RealTimeSession) -> dict[str, Any]:
    is_to_come = session.status in RealTimeSession.RUNNING and session.options.get(ENHANCES)
    return {
        "session_id": session.session_id,
        "status": "pending" if is_to_come else "not_requested",
        "enhancement_job_id": None,
        "job_status": None,
        "transcript": None,
        "error": None,
    }


def _document(session: RealTimeSession, run: PipelineRun) -> dict[str, Any]:
    status = STATUS[WorkStatus(run.status)]
    number = words_number(run) if status == "completed" else None
    return {
        "session_id": session.session_id,
        "status": status,
        "enhancement_job_id": str(run.pk),
        "job_status": JOB_STATUS[run.status],
        "transcript": None if number is None else words_of(run.conversation, number).text,
        "error": error_of(run),
    }
