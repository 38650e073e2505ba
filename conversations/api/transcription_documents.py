"""A transcription job as JSON, and its words in the field's common shapes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rest_framework import serializers

from conversations import exports
from conversations.api.transcripts import words_of
from conversations.exports import Words
from conversations.jobs import (
    JOB_SOURCES,
    JOB_STATES,
    JOB_STATUS,
    error_of,
    is_enhancement,
    stage_of,
    warnings_of,
    words_number,
)
from conversations.models import PipelineRun, Stage, StageRun
from conversations.selectors import speakers_of

PLAIN: Mapping[str, tuple[Callable[[Words], str], str]] = {
    "text": (lambda words: f"{words.text}\n", "text/plain; charset=utf-8"),
    "srt": (exports.to_srt, "text/plain; charset=utf-8"),
    "vtt": (exports.to_vtt, "text/vtt; charset=utf-8"),
}


class JobParameters(serializers.Serializer[Any]):
    speaker_detection = serializers.BooleanField()
    word_timestamps = serializers.BooleanField()
    llm_cleanup = serializers.BooleanField()
    detect_emotions = serializers.BooleanField()


class JobWord(serializers.Serializer[Any]):
    word = serializers.CharField()
    start = serializers.FloatField()
    end = serializers.FloatField()
    probability = serializers.FloatField(allow_null=True)
    speaker_id = serializers.CharField(required=False)


class JobEmotion(serializers.Serializer[Any]):
    emotion = serializers.CharField()
    valence = serializers.FloatField(allow_null=True)
    arousal = serializers.FloatField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)


class JobSegment(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    start = serializers.FloatField()
    end = serializers.FloatField()
    text = serializers.CharField()
    speaker = serializers.CharField(allow_null=True)
    words = JobWord(many=True, required=False)
    cleaned_text = serializers.CharField(required=False)
    emotion = JobEmotion(required=False)


class JobSpeaker(serializers.Serializer[Any]):
    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    name = serializers.CharField(required=False)
    total_talk_time = serializers.FloatField()


class JobStage(serializers.Serializer[Any]):
    name = serializers.ChoiceField(Stage.choices)
    status = serializers.ChoiceField(StageRun.Status.choices)
    engine = serializers.CharField(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(required=False)
    skip_reason = serializers.CharField(required=False)


class JobWarning(serializers.Serializer[Any]):
    stage = serializers.CharField()
    message = serializers.CharField()


class JobDocument(serializers.Serializer[Any]):
    id = serializers.CharField()
    status = serializers.ChoiceField(JOB_STATES)
    source = serializers.ChoiceField(JOB_SOURCES)  # type: ignore[assignment]
    source_session_id = serializers.CharField(required=False)
    conversation_id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(required=False)
    parameters = JobParameters()
    text = serializers.CharField(allow_null=True)
    language = serializers.CharField(allow_null=True)
    duration = serializers.FloatField(allow_null=True)
    segments = JobSegment(many=True)
    speakers = JobSpeaker(many=True)
    stages = JobStage(many=True)
    warnings = JobWarning(many=True)
    error = serializers.CharField(required=False)


class AcceptedJob(serializers.Serializer[Any]):
    id = serializers.CharField()
    status = serializers.ChoiceField(JOB_STATES)


def job_json(run: PipelineRun) -> dict[str, Any]:
    """Without the optional fields that there is nothing to say in."""
    conversation = run.conversation
    number = words_number(run)
    words = None if number is None else words_of(conversation, number)
    with_words = bool(run.parameters.get("word_timestamps", True))
    optional = {
        "source_session_id": conversation.session_id,
        "completed_at": run.finished_at,
        "error": error_of(run),
    }
    return {
        "id": str(run.pk),
        "status": JOB_STATUS[run.status],
        "source": "realtime_enhancement" if is_enhancement(run) else "upload",
        "conversation_id": str(conversation.pk),
        "created_at": run.created_at,
        "parameters": {
            "speaker_detection": stage_of(run, Stage.DIARIZATION) is not None,
            "word_timestamps": with_words,
            "llm_cleanup": bool(run.parameters.get("enhance_llm_cleanup")),
            "detect_emotions": bool(run.parameters.get("enhance_emotions")),
        },
        "text": None if words is None else words.text,
        "language": conversation.language or None,
        "duration": round(conversation.duration_s, 3) or None,
        "segments": _segments(run, words, with_words=with_words) if words else [],
        "speakers": [
            {
                "id": speaker.label,
                "label": speaker.label,
                **({"name": speaker.name} if speaker.name else {}),
                "total_talk_time": round(speaker.talk_time_s, 3),
            }
            for speaker in (speakers_of(conversation, words.run_number) if words else ())
        ],
        "stages": [_stage(stage) for stage in run.stages.all()],
        "warnings": warnings_of(run),
        **{name: value for name, value in optional.items() if value},
    }


def _segments(run: PipelineRun, words: Words, *, with_words: bool) -> list[dict[str, Any]]:
    cleaned = (_output(run, Stage.CLEANUP) or {}).get("segments", ())
    extras: dict[int, dict[str, Any]] = {
        item["segment_id"]: {"cleaned_text": item["text"]} for item in cleaned
    }
    for emotion in _output(run, Stage.EMOTION) or ():
        figures = {name: value for name, value in emotion.items() if name != "segment_id"}
        extras.setdefault(emotion["segment_id"], {})["emotion"] = figures
    return [
        {
            "id": segment.number,
            "start": round(segment.start_s, 3),
            "end": round(segment.end_s, 3),
            "text": segment.text,
            "speaker": segment.speaker_label or None,
            # The times of a corrected segment's words are of other words.
            **({"words": [] if segment.is_corrected else segment.words} if with_words else {}),
            **extras.get(segment.number, {}),
        }
        for segment in words.segments
    ]


def _output(run: PipelineRun, name: str) -> Any:
    """What a stage of the run put out; None where it did not succeed."""
    stage = stage_of(run, name)
    return stage.output if stage and stage.status == StageRun.Status.SUCCEEDED else None


def _stage(stage: StageRun) -> dict[str, Any]:
    optional = {"error": stage.error, "skip_reason": stage.skip_reason}
    return {
        "name": stage.name,
        "status": stage.status,
        "engine": stage.engine or None,
        "duration_ms": stage.duration_ms,
        **{name: value for name, value in optional.items() if value},
    }


@dataclass(frozen=True, slots=True)
class Rendered:
    content: bytes
    content_type: str


def in_common_shape(words: Words, *, response_format: str, granularities: tuple[str, ...]) -> Rendered:
    """The answer to a POST that waited. Speakers are not part of these shapes."""
    words = replace(words, with_speakers=False)
    if response_format in PLAIN:
        write, content_type = PLAIN[response_format]
        return Rendered(write(words).encode(), content_type)
    document = {"text": words.text} if response_format == "json" else _verbose(words, granularities)
    return Rendered(json.dumps(document, ensure_ascii=False).encode(), "application/json")


def _verbose(words: Words, granularities: tuple[str, ...]) -> dict[str, Any]:
    """Figures of the decoder that are not kept with a segment are null."""
    conversation = words.conversation
    document: dict[str, Any] = {
        "task": "transcribe",
        "language": conversation.language or None,
        "duration": round(conversation.duration_s, 3),
        "text": words.text,
    }
    if "segment" in granularities or not granularities:
        document["segments"] = [
            {
                "id": segment.number,
                "seek": None,
                "start": round(segment.start_s, 3),
                "end": round(segment.end_s, 3),
                "text": segment.text,
                "tokens": [],
                "temperature": None,
                "avg_logprob": None,
                "compression_ratio": None,
                "no_speech_prob": None,
            }
            for segment in words.segments
        ]
    if "word" in granularities:
        document["words"] = [
            {"word": word["word"], "start": word["start"], "end": word["end"]}
            for segment in words.segments
            if not segment.is_corrected
            for word in segment.words
        ]
    return document
