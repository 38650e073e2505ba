"""What a POST that waited for its transcript is answered."""

from __future__ import annotations

import json

from django.conf import settings
from django.urls import reverse

from conversations.api.errors import envelope, for_address
from conversations.api.transcription_documents import in_common_shape
from conversations.api.transcripts import words_of
from conversations.api.waiting import Answer, Awaited
from conversations.jobs import JOB_STATUS, error_of, words_number
from conversations.models import PipelineRun


def awaited_transcript(run_id: int, *, response_format: str, granularities: tuple[str, ...]) -> Awaited:
    return Awaited(
        run_id,
        settings.AMBIENT.transcription_wait_s,
        ended=lambda: answer_of(run_id, response_format=response_format, granularities=granularities),
        too_long=lambda: _too_long(run_id),
    )


def answer_of(run_id: int, *, response_format: str, granularities: tuple[str, ...]) -> Answer:
    """Of a run that has ended. Queries the database."""
    run = (
        PipelineRun.objects.select_related("conversation")
        .prefetch_related("stages")
        .filter(pk=run_id)
        .first()
    )
    if run is None:
        return _error(404, "not_found", "This transcription was erased.", run_id)
    status, number = JOB_STATUS[run.status], words_number(run)
    if status == "completed" and number is not None:
        words = words_of(run.conversation, number)
        rendered = in_common_shape(words, response_format=response_format, granularities=granularities)
        return Answer(200, rendered.content, rendered.content_type, _address(run_id), is_final=True)
    if status == "cancelled":
        return _error(409, "conflict", "This transcription was cancelled.", run_id)
    return _error(500, "transcription_failed", f"The transcription failed. {error_of(run) or ''}", run_id)


def _too_long(run_id: int) -> Answer:
    message = f"Transcription {run_id} is not done yet; it goes on, and can be asked for by its id."
    return _error(504, "timeout", message, run_id)


def _error(status: int, code: str, message: str, run_id: int) -> Answer:
    job_id = str(run_id)
    body = {"id": job_id, **envelope(code, message.strip(), {"id": job_id})}
    content = json.dumps(for_address(reverse("transcriptions"), status, body)).encode()
    return Answer(status, content, "application/json", _address(run_id), is_final=False)


def _address(run_id: int) -> str:
    return reverse("transcription", kwargs={"job_id": run_id})
