"""A run as a task that somebody waits for: `/api/v1/tasks/{id}`, and answers to questions asked ad hoc."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404
from django.urls import reverse
from rest_framework import serializers

from conversations.access import Access
from conversations.api.errors import envelope
from conversations.api.serializers import AnswerSerializer
from conversations.api.waiting import Answer as WaitedAnswer
from conversations.api.waiting import Awaited
from conversations.jobs import LARGEST_ID, error_of
from conversations.models import Answer, PipelineRun, WorkStatus
from conversations.selectors import run_progress, visible_conversations

ANSWER_WAIT_S = 30.0
"""Contract: REST."""


class RunTaskDocument(serializers.Serializer[Any]):
    id = serializers.CharField()
    status = serializers.ChoiceField(WorkStatus.choices)
    progress = serializers.FloatField(help_text="0 to 1.")
    conversation_id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    answer = AnswerSerializer(required=False, allow_null=True)


def task_for(access: Access, task_id: int) -> PipelineRun:
    """Raises Http404 for what is not there, and for what is somebody else's alike."""
    runs = PipelineRun.objects.prefetch_related("stages").filter(
        conversation__in=visible_conversations(access)
    )
    run = runs.filter(pk=task_id).first() if task_id <= LARGEST_ID else None
    if run is None:
        raise Http404("There is no such task.")
    return run


def task_json(run: PipelineRun) -> dict[str, Any]:
    """`answer` only of a question that was asked ad hoc."""
    body: dict[str, Any] = {
        "id": str(run.pk),
        "status": run.status,
        "progress": run_progress(run),
        "conversation_id": str(run.conversation_id),
        "created_at": run.created_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "error": error_of(run),
    }
    if run.is_ad_hoc:
        answer = answer_to(run)
        body["answer"] = AnswerSerializer(answer).data if answer else None
    return body


def answer_to(run: PipelineRun) -> Answer | None:
    """What a question that was asked ad hoc was answered; None while it is not."""
    answers = Answer.objects.filter(conversation_id=run.conversation_id)
    return answers.filter(question_key=f"asked-{run.number}").first()


def awaited_answer(run_id: int) -> Awaited:
    return Awaited(run_id, ANSWER_WAIT_S, ended=lambda: _waited(run_id), too_long=lambda: _waited(run_id))


def _waited(run_id: int) -> WaitedAnswer:
    """The answer, or the task where there is none yet. Queries the database."""
    run = PipelineRun.objects.prefetch_related("stages").filter(pk=run_id).first()
    if run is None:
        return _said(404, envelope("not_found", "This conversation was erased."), run_id)
    answer = answer_to(run)
    if answer is not None:
        return _said(200, dict(AnswerSerializer(answer).data), run_id)
    if run.finished_at is None:
        return _said(202, task_json(run), run_id)
    reason = error_of(run) or _why_none(run)
    return _said(500, envelope("not_answered", f"The question could not be answered: {reason}."), run_id)


def _why_none(run: PipelineRun) -> str:
    return next((stage.skip_reason for stage in run.stages.all() if stage.skip_reason), "nobody knows why")


def _said(status: int, body: dict[str, Any], run_id: int) -> WaitedAnswer:
    content = json.dumps(body, ensure_ascii=False).encode()
    address = reverse("api:task", kwargs={"task_id": run_id})
    return WaitedAnswer(status, content, "application/json", address, is_final=status < 500)
