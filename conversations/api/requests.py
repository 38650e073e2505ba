"""What comes in: bodies and queries, each field named when it is wrong."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from conversations.access import MAX_TOKEN_TTL_S
from conversations.models import ApiKey, Conversation, Stage, Version
from transcription.analysis.registry import ENGINES as STAGE_ENGINES

MAX_TEXT_CHARS = 50_000
"""Contract: REST."""
MAX_CUSTOM_QUESTIONS = 20
MAX_QUESTION_CHARS = 500
"""The width of the column."""
DEFAULT_TOKEN_TTL_S = 300
BCP_47 = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
"""RFC 5646 section 2.1 without extensions and grandfathered tags, which no engine here knows."""
MAX_LANGUAGE_CHARS = 16

EXTRAS = ("include_translation", "include_insights", "enhance_llm_cleanup", "enhance_emotions")
"""Stages that a run has only when they are asked for (contract: terms, audio processing)."""


class Strict(serializers.Serializer[Any]):
    """Refuses fields that it does not know, so that a misspelt one is not silently without effect."""

    def run_validation(self, data: Any = empty) -> Any:
        if hasattr(data, "keys") and (unknown := sorted(set(data.keys()) - set(self.fields))):
            raise serializers.ValidationError({name: ["There is no such field."] for name in unknown})
        return super().run_validation(data)


class LanguageField(serializers.CharField):
    """A BCP-47 tag; `auto` or nothing means: detect it, and reads as ""."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "default": "auto", "max_length": MAX_LANGUAGE_CHARS, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        tag = super().to_internal_value(data)
        if tag.lower() == "auto":
            return ""
        if not BCP_47.fullmatch(tag):
            raise serializers.ValidationError("This is no language tag (BCP 47), and not auto.")
        return tag


class WorkRequest(Strict):
    """What every POST that starts a run may ask for."""

    title = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    language = LanguageField()
    custom_questions = serializers.ListField(
        child=serializers.CharField(max_length=MAX_QUESTION_CHARS),
        max_length=MAX_CUSTOM_QUESTIONS,
        required=False,
        default=list,
    )
    include_translation = serializers.BooleanField(required=False, default=False)
    include_insights = serializers.BooleanField(required=False, default=False)
    enhance_llm_cleanup = serializers.BooleanField(required=False, default=False)
    enhance_emotions = serializers.BooleanField(required=False, default=False)

    def parameters(self) -> dict[str, Any]:
        """Of the run; what was not asked for is left out."""
        asked = {name: True for name in EXTRAS if self.validated_data[name]}
        if questions := self.validated_data["custom_questions"]:
            asked["questions"] = questions
        return asked

    def language_tag(self) -> str:
        """Empty: to be detected."""
        language: str = self.validated_data["language"]
        return "" if language == "auto" else language


class TextRequest(WorkRequest):
    text = serializers.CharField(max_length=MAX_TEXT_CHARS, trim_whitespace=False)


@extend_schema_field({"type": "string", "format": "binary"})
class RecordingField(serializers.FileField):
    """A file of a form, of any name."""


class UploadRequest(WorkRequest):
    file = RecordingField(help_text="WAV, MP3, FLAC, M4A, OGG or WEBM; at most 100 MiB and 12 h.")


class ConversationQuery(serializers.Serializer[Any]):
    status = serializers.ChoiceField(Conversation.Status.choices, required=False)
    source = serializers.ChoiceField(  # type: ignore[assignment]
        Conversation.Source.choices, required=False
    )
    language = serializers.CharField(max_length=MAX_LANGUAGE_CHARS, required=False)
    created_after = serializers.DateTimeField(required=False, help_text="This moment and later.")
    created_before = serializers.DateTimeField(required=False, help_text="Earlier than this moment.")
    search = serializers.CharField(max_length=200, required=False, help_text="In what was said.")


class VersionQuery(serializers.Serializer[Any]):
    version = serializers.ChoiceField(
        Version.choices, required=False, default=None, help_text="Default: the newest final, else live."
    )
    run = serializers.IntegerField(
        min_value=1, required=False, default=None, help_text="What this run made or worked on."
    )


class TranscriptQuery(VersionQuery):
    format = serializers.ChoiceField(["json", "v2", "text", "srt", "vtt"], required=False, default="json")


class RunQuery(serializers.Serializer[Any]):
    run = serializers.IntegerField(
        min_value=1, required=False, default=None, help_text="A run's number; default: the newest with one."
    )


class CorrectionRequest(Strict):
    text = serializers.CharField(max_length=10_000)


class SpeakerNameRequest(Strict):
    name = serializers.CharField(max_length=120, allow_blank=True)


class TokenRequest(Strict):
    scope = serializers.ChoiceField(ApiKey.Scope.choices)
    ttl = serializers.IntegerField(
        min_value=1, max_value=MAX_TOKEN_TTL_S, required=False, default=DEFAULT_TOKEN_TTL_S
    )


class TokenResponse(serializers.Serializer[Any]):
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class QuestionRequest(Strict):
    question = serializers.CharField(max_length=MAX_QUESTION_CHARS)


class RerunRequest(Strict):
    """`stages`: nothing means all. `engines`: an alias by stage, instead of what the settings name."""

    stages = serializers.ListField(
        child=serializers.ChoiceField(Stage.choices), required=False, default=list, max_length=len(Stage)
    )
    engines = serializers.DictField(child=serializers.CharField(max_length=40), required=False, default=dict)

    def validate_engines(self, engines: dict[str, str]) -> dict[str, str]:
        for stage, name in engines.items():
            # Dotted paths are the operator's to set: a caller chooses among what is there.
            there = ("auto", "off", *STAGE_ENGINES.get(stage, ()))
            if stage not in STAGE_ENGINES:
                raise serializers.ValidationError(f"{stage}: one of {', '.join(STAGE_ENGINES)}.")
            if name not in there:
                raise serializers.ValidationError(f"{stage}: one of {', '.join(there)}.")
        return engines
