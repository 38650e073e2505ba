"""Tasks of `/audio/*` as JSON."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from conversations.api.transcripts import segment_json, words_of
from conversations.audio_tasks import (
    ALWAYS_IN_RESULT,
    RESULT_KEYS,
    TASK_STATUS,
    current_step,
    failed_stages,
    message_of,
    processing_s,
    step_name,
    task_progress,
)
from conversations.jobs import error_of, stage_of, words_number
from conversations.models import PipelineRun, Stage, StageRun

TASK_STATES = ("queued", "processing", "completed", "failed", "cancelled")


class AcceptedTask(serializers.Serializer[Any]):
    task_id = serializers.CharField()
    status = serializers.ChoiceField(["queued"])
    message = serializers.CharField()
    estimated_time = serializers.FloatField(allow_null=True, help_text="Seconds, from what others took.")
    status_endpoint = serializers.CharField()


class TaskDocument(serializers.Serializer[Any]):
    task_id = serializers.CharField()
    status = serializers.ChoiceField(TASK_STATES)
    progress = serializers.IntegerField(min_value=0, max_value=100)
    current_step = serializers.CharField(allow_null=True)
    filename = serializers.CharField()
    message = serializers.CharField()
    result = serializers.JSONField(required=False)
    failed_stages = serializers.ListField(child=serializers.CharField(), required=False)
    error = serializers.CharField(required=False)
    processing_time = serializers.FloatField(required=False)


class ActiveTasks(serializers.Serializer[Any]):
    active_tasks = TaskDocument(many=True)
    total = serializers.IntegerField()


class QueueState(serializers.Serializer[Any]):
    depth = serializers.IntegerField(allow_null=True)
    workers = serializers.IntegerField(allow_null=True)


class QueueStatus(serializers.Serializer[Any]):
    queues = serializers.DictField(child=QueueState())


def task_json(run: PipelineRun, *, with_result: bool = True) -> dict[str, Any]:
    status = TASK_STATUS[run.status]
    body: dict[str, Any] = {
        "task_id": str(run.pk),
        "status": status,
        "progress": 100 if status == "completed" else task_progress(run),
        "current_step": current_step(run),
        "filename": run.conversation.title,
        "message": message_of(run),
    }
    if status == "completed":
        if with_result:
            body["result"] = result_json(run)
        if failed := failed_stages(run):
            body["failed_stages"] = failed
    if status == "failed":
        body["error"] = error_of(run) or message_of(run)
    if (took_s := processing_s(run)) is not None:
        body["processing_time"] = took_s
    return body


def result_json(run: PipelineRun) -> dict[str, Any]:
    """Everything that a run made, in one piece."""
    conversation = run.conversation
    number = words_number(run)
    words = None if number is None else words_of(conversation, number)
    segments = words.segments if words else []
    names = words.speaker_names if words else {}
    body: dict[str, Any] = {
        "transcription": words.text if words else "",
        "segments": [segment_json(segment, names) for segment in segments],
        "language": conversation.language or None,
    }
    rows = {stage.name: stage for stage in run.stages.all()}
    for stage, key in RESULT_KEYS.items():
        if stage in rows or stage in ALWAYS_IN_RESULT:
            body[key] = rows[stage].output if stage in rows else None
    size_bytes = conversation.audio.size if conversation.audio else None
    body["audio_info"] = {
        "filename": conversation.title,
        "file_size_mb": None if size_bytes is None else round(size_bytes / 1024 / 1024, 3),
        "duration": round(conversation.duration_s, 3),
    }
    body["stages"] = [stage_json(stage) for stage in sorted(rows.values(), key=lambda stage: stage.position)]
    body["processing_time"] = processing_s(run)
    return body


def stage_json(stage: StageRun) -> dict[str, Any]:
    return {
        "name": step_name(stage.name),
        "status": stage.status,
        "engine": stage.engine or None,
        "model": stage.model or None,
        "version": stage.engine_version or None,
        "duration_ms": stage.duration_ms,
        "error": stage.error or None,
        "skip_reason": stage.skip_reason or None,
    }


def stage_output(run: PipelineRun, name: str) -> Any:
    """What a stage put out, as a stream says it when the stage is done: for a transcription the words."""
    stage = stage_of(run, name)
    if stage is None:
        return None
    if name == Stage.TRANSCRIPTION and stage.status == StageRun.Status.SUCCEEDED:
        words = words_of(run.conversation, run.number)
        return {
            **(stage.output or {}),
            "transcript": words.text,
            "segments": [segment_json(segment, words.speaker_names) for segment in words.segments],
        }
    return stage.output
