"""Doing it again, stopping it, and looking how far it is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.base import ApiView, valid
from conversations.api.once import IDEMPOTENCY_HEADER, respond_once
from conversations.api.requests import RerunRequest
from conversations.api.serializers import ConversationDetailSerializer, RunSerializer
from conversations.api.tasks import RunTaskDocument, task_for, task_json
from conversations.selectors import conversation_for
from conversations.services.reruns import rerun
from conversations.services.runs import cancel_run, unfinished_runs


class RunsView(ApiView):
    @extend_schema(
        operation_id="run_start",
        parameters=[IDEMPOTENCY_HEADER],
        request=RerunRequest,
        responses={202: RunSerializer, 409: OpenApiResponse(description="One is under way.")},
    )
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Everything again, or the stages that are named and what depends on them. What earlier runs found
        can still be read, with `?run=`."""
        conversation = conversation_for(self.access, conversation_id)
        asked = valid(RerunRequest(data=request.data))

        def work() -> tuple[int, Any]:
            run = rerun(conversation_id=conversation.pk, stages=asked["stages"], engines=asked["engines"])
            return 202, RunSerializer(run).data

        return respond_once(request, asked, work)


class CancelView(ApiView):
    @extend_schema(operation_id="conversation_cancel", request=None, responses=ConversationDetailSerializer)
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Stop what is being done with it; what is done is kept. Nothing under way: nothing changes."""
        conversation = conversation_for(self.access, conversation_id)
        for run_id in unfinished_runs(conversation_id=conversation.pk):
            cancel_run(run_id=run_id)
        conversation.refresh_from_db()
        return Response(ConversationDetailSerializer(conversation).data)


class TaskView(ApiView):
    @extend_schema(operation_id="task_read", responses=RunTaskDocument)
    def get(self, request: Request, task_id: int) -> Response:
        """How far a run is; of a question that was asked, its answer."""
        return Response(task_json(task_for(self.access, task_id)))


class TaskCancelView(ApiView):
    @extend_schema(operation_id="task_cancel", request=None, responses=RunTaskDocument)
    def post(self, request: Request, task_id: int) -> Response:
        """Stop a run; one that has ended stays as it is."""
        cancel_run(run_id=task_for(self.access, task_id).pk)
        return Response(task_json(task_for(self.access, task_id)))
