"""`/audio/*`: one recording in, progress and results out (contract: audio processing)."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.base import ApiView, valid
from conversations.api.event_streams import SCOPE_KEY, Detail, Streamed
from conversations.api.held_answers import later
from conversations.api.once import IDEMPOTENCY_HEADER, respond_once
from conversations.api.recording_form import RecordingForm
from conversations.api.requests import LanguageField, RecordingField, Strict
from conversations.api.task_documents import (
    AcceptedTask,
    ActiveTasks,
    QueueStatus,
    TaskDocument,
    task_json,
)
from conversations.audio_tasks import active_tasks, estimated_s, task_for
from conversations.models import AccessRecord, PipelineRun
from conversations.queues import queue_states
from conversations.services.runs import cancel_run
from conversations.services.uploads import create_upload, received

MOST_ACTIVE = 200
"""Tasks in one list: more are under way only where something is very wrong."""
LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID", str, OpenApiParameter.HEADER, description="What was heard last; what followed is sent."
)
STREAM = OpenApiResponse(OpenApiTypes.STR, description="text/event-stream")
REFUSALS = {
    413: OpenApiResponse(description="Larger than 100 MB, or longer than 12 h."),
    415: OpenApiResponse(description="The bytes are no recording that can be read."),
}


class ProcessRequest(Strict):
    audio = RecordingField(help_text="WAV, MP3, FLAC, M4A, OGG or WEBM; at most 100 MB and 12 h.")
    language = LanguageField(allow_blank=True)
    include_translation = serializers.BooleanField(required=False, default=False)
    include_insights = serializers.BooleanField(required=False, default=False)

    def parameters(self) -> dict[str, Any]:
        names = ("include_translation", "include_insights")
        return {name: True for name in names if self.validated_data[name]}


class EventsQuery(serializers.Serializer[Any]):
    detail = serializers.ChoiceField(["steps", "realtime"], required=False, default="steps")


class ProcessView(RecordingForm):
    @extend_schema(
        operation_id="audio_process",
        parameters=[IDEMPOTENCY_HEADER],
        request={"multipart/form-data": ProcessRequest},
        responses={202: AcceptedTask, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """A recording to transcribe and analyse; the task's state is asked for at `status_endpoint`."""
        return self.accept(request)

    def accept(self, request: Request) -> Response:
        asked = ProcessRequest(data=request.data)
        fields = valid(asked)
        language = fields["language"]
        with received(fields["audio"]) as recording:

            def work() -> tuple[int, Any]:
                run = create_upload(
                    owner_id=self.access.owner_id,
                    recording=recording,
                    title="",
                    language="" if language == "auto" else language,
                    parameters=asked.parameters(),
                )
                return 202, {
                    "task_id": str(run.pk),
                    "status": "queued",
                    "message": "The recording was taken.",
                    "estimated_time": estimated_s(recording.duration_s),
                    "status_endpoint": reverse("audio-task", kwargs={"task_id": str(run.pk)}),
                }

            return respond_once(request, fields, work)


class ProcessStreamView(ProcessView):
    """The same, and the task's events as the answer."""

    detail: Detail = "steps"

    @extend_schema(
        operation_id="audio_process_stream",
        parameters=[IDEMPOTENCY_HEADER],
        request={"multipart/form-data": ProcessRequest},
        responses={(200, "text/event-stream"): STREAM, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """A recording to transcribe and analyse; the answer is a stream of its progress and its result."""
        response = self.accept(request)
        run = PipelineRun.objects.select_related("conversation").get(pk=int(response.data["task_id"]))
        return _streamed(request, response, run, detail=self.detail, after=None)


class ProcessStreamRealtimeView(ProcessStreamView):
    detail: Detail = "realtime"

    @extend_schema(
        operation_id="audio_process_stream_realtime",
        parameters=[IDEMPOTENCY_HEADER],
        request={"multipart/form-data": ProcessRequest},
        responses={(200, "text/event-stream"): STREAM, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """As `process-stream`, with every partial result the moment it is there."""
        return super().post(request)


class TaskView(ApiView):
    @extend_schema(operation_id="audio_task_read", responses=TaskDocument)
    def get(self, request: Request, task_id: str) -> Response:
        """Where a task stands, and its result when it is done."""
        run = task_for(self.access, task_id)
        self.note(AccessRecord.What.FINDINGS, run.conversation_id)
        return Response(task_json(run))

    @extend_schema(operation_id="audio_task_cancel", responses=TaskDocument)
    def delete(self, request: Request, task_id: str) -> Response:
        """Stop a task: a stage at work is killed, what is done is kept. A task that has ended stays so."""
        cancel_run(run_id=task_for(self.access, task_id).pk)
        return Response(task_json(task_for(self.access, task_id)))


class TaskEventsView(ApiView):
    @extend_schema(
        operation_id="audio_task_events",
        parameters=[EventsQuery, LAST_EVENT_ID],
        responses={(200, "text/event-stream"): STREAM},
    )
    def get(self, request: Request, task_id: str) -> Response:
        """The events of a task, within a day: those that were missed, then what comes."""
        query = self.valid_query(EventsQuery)
        run = task_for(self.access, task_id)
        self.note(AccessRecord.What.FINDINGS, run.conversation_id)
        body = Response(task_json(run, with_result=False))
        return _streamed(request, body, run, detail=query["detail"], after=_last_event_id(request))


class ActiveTasksView(ApiView):
    @extend_schema(operation_id="audio_tasks_active", responses=ActiveTasks)
    def get(self, request: Request) -> Response:
        """The caller's tasks that have not ended, newest first."""
        tasks = [task_json(run) for run in active_tasks(self.access)[:MOST_ACTIVE]]
        return Response({"active_tasks": tasks, "total": len(tasks)})


class QueueStatusView(ApiView):
    @extend_schema(operation_id="audio_queue_status", responses=QueueStatus)
    def get(self, request: Request) -> Response:
        """How many messages wait on each queue, and how many workers take from it; null: not known."""
        return Response({"queues": queue_states()})


def _streamed(
    request: Request, response: Response, run: PipelineRun, *, detail: Detail, after: int | None
) -> Response:
    """Have the stream follow; without the middleware (a WSGI server) the answer stays what it is."""
    tell = later(getattr(request._request, "scope", {}), SCOPE_KEY)
    if tell is not None:
        audio = run.conversation.audio
        submitted = {
            "message": "The recording was taken.",
            "filename": run.conversation.title,
            "file_size_mb": round(audio.size / 1024 / 1024, 3) if audio else None,
            "estimated_time": estimated_s(run.conversation.duration_s),
        }
        tell(Streamed(run.pk, detail, after, submitted))
    return response


def _last_event_id(request: Request) -> int | None:
    header = request.headers.get("Last-Event-ID", "").strip()
    if not header:
        return None
    if not (header.isascii() and header.isdigit()) or len(header) > 18:
        raise ValidationError({"Last-Event-ID": ["The id of an event of this stream."]})
    return int(header)
