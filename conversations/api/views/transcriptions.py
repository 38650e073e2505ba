"""Transcription jobs: a recording in the field's common shape, a job, its words as a file."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import exports
from conversations.api.awaited_transcripts import awaited_transcript
from conversations.api.base import ApiView, valid
from conversations.api.held_answers import later
from conversations.api.once import IDEMPOTENCY_HEADER, respond_once
from conversations.api.recording_form import RecordingForm
from conversations.api.transcription_documents import AcceptedJob, JobDocument, job_json
from conversations.api.transcription_requests import GRANULARITIES, ExportQuery, TranscriptionRequest
from conversations.api.transcripts import words_of
from conversations.api.waiting import SCOPE_KEY
from conversations.errors import UnsupportedMedia
from conversations.jobs import JOB_STATUS, completed_words_number, job_for
from conversations.models import AccessRecord
from conversations.services.jobs import erase_job
from conversations.services.uploads import create_upload, received

WAY_TO_ANSWER = "respond-async"
"""RFC 7240, section 4.1."""
PREFER = OpenApiParameter(
    "Prefer", str, OpenApiParameter.HEADER, description="`respond-async`: 202 at once, do not wait."
)
EXPORTS = {
    "txt": (exports.to_text, "text/plain; charset=utf-8"),
    "srt": (exports.to_srt, "application/x-subrip; charset=utf-8"),
    "vtt": (exports.to_vtt, "text/vtt; charset=utf-8"),
}


class TranscriptionsView(RecordingForm):
    @extend_schema(
        operation_id="transcription_create",
        parameters=[IDEMPOTENCY_HEADER, PREFER],
        request={"multipart/form-data": TranscriptionRequest},
        responses={
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, "text/plain"): OpenApiTypes.STR,
            (200, "text/vtt"): OpenApiTypes.STR,
            202: AcceptedJob,
            504: OpenApiResponse(description="Not done in time; the error names the job, which goes on."),
        },
    )
    def post(self, request: Request) -> Response:
        """A recording to transcribe. The answer is the transcript, in the shape that is asked for; with
        `Prefer: respond-async` it is the job's id, at once."""
        asked = TranscriptionRequest(data=request.data)
        fields = valid(asked)
        try:
            with received(fields["file"]) as recording:

                def work() -> tuple[int, Any]:
                    run = create_upload(
                        owner_id=self.access.owner_id,
                        recording=recording,
                        title="",
                        language=asked.language_tag(),
                        parameters=asked.parameters(),
                    )
                    return 202, {"id": str(run.pk), "status": JOB_STATUS[run.status]}

                response = respond_once(request, fields, work)
        except UnsupportedMedia as error:  # in this shape of API a fault of the field `file`
            raise ValidationError({"file": [error.message]}) from error
        job_id = int(response.data["id"])
        response["Location"] = reverse("transcription", kwargs={"job_id": job_id})
        tell = later(getattr(request._request, "scope", {}), SCOPE_KEY)
        if _wants_no_waiting(request):
            response["Preference-Applied"] = WAY_TO_ANSWER
        elif tell is not None:
            tell(
                awaited_transcript(
                    job_id,
                    response_format=fields["response_format"],
                    granularities=tuple(fields[GRANULARITIES]),
                )
            )
        return response


class TranscriptionView(ApiView):
    @extend_schema(operation_id="transcription_read", responses=JobDocument)
    def get(self, request: Request, job_id: int) -> Response:
        """A transcription of a recording that was sent in, or the enhancement of a live session."""
        run = job_for(self.access, job_id)
        self.note(AccessRecord.What.TRANSCRIPT, run.conversation_id)
        return Response(job_json(run))

    @extend_schema(operation_id="transcription_erase", responses={204: None})
    def delete(self, request: Request, job_id: int) -> Response:
        """Cancels it where it is under way and takes it away: with its recording where that was sent in; of
        a live session only what the enhancement made."""
        run = job_for(self.access, job_id)
        erase_job(run=run)
        self.note(AccessRecord.What.ERASURE, run.conversation_id)
        return Response(status=204)


class TranscriptionExportView(ApiView):
    @extend_schema(
        operation_id="transcription_export",
        parameters=[ExportQuery],
        responses={
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, "text/plain"): OpenApiTypes.STR,
            (200, "text/vtt"): OpenApiTypes.STR,
            (200, "application/x-subrip"): OpenApiTypes.STR,
            404: OpenApiResponse(description="There is none, or it is not done; `code` says which."),
        },
    )
    def get(self, request: Request, job_id: int) -> Response | HttpResponse:
        """Its words as a file: subtitles, text with speakers, or the library's v2 document."""
        run = job_for(self.access, job_id)
        wanted = self.valid_query(ExportQuery)["format"]
        words = words_of(run.conversation, completed_words_number(run))
        self.note(AccessRecord.What.EXPORT, run.conversation_id)
        headers = {"Content-Disposition": f'attachment; filename="transcription-{run.pk}.{wanted}"'}
        if wanted == "json":
            return Response(exports.to_transcript(words).to_json(), headers=headers)
        write, content_type = EXPORTS[wanted]
        return HttpResponse(write(words), content_type=content_type, headers=headers)


def _wants_no_waiting(request: Request) -> bool:
    preferences = request.headers.get("Prefer", "").lower().replace(";", ",").split(",")
    return WAY_TO_ANSWER in (preference.strip() for preference in preferences)
