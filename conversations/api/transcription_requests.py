"""`POST /v1/audio/transcriptions` as it comes in: the field's common form, and what we take beside it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from conversations.api.requests import LanguageField, RecordingField, Strict
from conversations.models import Stage
from conversations.services.run_plan import ONLY

RESPONSE_FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
GRANULARITIES = "timestamp_granularities[]"
INCLUDE = "include[]"
MAX_PROMPT_CHARS = 2000
"""Ten times what a live session carries on; Whisper itself reads the last 223 tokens of it."""


class TranscriptionRequest(Strict):
    """`temperature`, `chunking_strategy` and `include[]` are taken from clients that send them always, and
    change nothing: the engine chooses its own decoding."""

    file = RecordingField(help_text="WAV, MP3, FLAC, M4A, OGG or WEBM; at most 100 MiB and 12 h.")
    model = serializers.CharField(
        max_length=200,
        required=False,
        default="",
        allow_blank=True,
        help_text="`whisper-1` or nothing: the default; `fast`, `accurate`, or an allowed name.",
    )
    language = LanguageField(allow_blank=True)
    prompt = serializers.CharField(max_length=MAX_PROMPT_CHARS, required=False, default="", allow_blank=True)
    response_format = serializers.ChoiceField(RESPONSE_FORMATS, required=False, default="json")
    stream = serializers.BooleanField(required=False, default=False)
    temperature = serializers.FloatField(min_value=0, max_value=1, required=False, help_text="Not used.")
    chunking_strategy = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="Not used."
    )
    speaker_detection = serializers.BooleanField(required=False, default=True)
    enhance_llm_cleanup = serializers.BooleanField(required=False, default=False)
    enhance_emotions = serializers.BooleanField(required=False, default=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """With the two whose names are none in Python."""
        return {
            **super().get_fields(),
            GRANULARITIES: serializers.ListField(
                child=serializers.ChoiceField(["word", "segment"]),
                required=False,
                default=list,
                help_text="With verbose_json; nothing: segment.",
            ),
            INCLUDE: serializers.ListField(
                child=serializers.CharField(max_length=80), required=False, help_text="Not used."
            ),
        }

    def validate_model(self, name: str) -> str:
        conf = settings.AMBIENT
        if conf.model_for(name, default=conf.live.whisper_model_final) is None:
            offered = ", ".join(("whisper-1", "fast", "accurate", *conf.models_allowed))
            raise serializers.ValidationError(f"This installation offers: {offered}.")
        return name

    def validate_stream(self, wanted: bool) -> bool:
        if wanted:
            raise serializers.ValidationError("A transcript is not streamed here; speak into a socket.")
        return wanted

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked[GRANULARITIES] and asked["response_format"] != "verbose_json":
            raise serializers.ValidationError({GRANULARITIES: ["Only with response_format=verbose_json."]})
        return asked

    def parameters(self) -> dict[str, Any]:
        """Of the run: words, speakers where they are wanted, and what else is asked for; no analysis."""
        asked = self.validated_data
        stages = {
            Stage.TRANSCRIPTION: True,
            Stage.DIARIZATION: asked["speaker_detection"],
            Stage.CLEANUP: asked["enhance_llm_cleanup"],
            Stage.EMOTION: asked["enhance_emotions"],
        }
        parameters: dict[str, Any] = {
            ONLY: [str(stage) for stage, is_wanted in stages.items() if is_wanted],
            "word_timestamps": "word" in asked[GRANULARITIES],
        }
        for name in ("model", "prompt", "enhance_llm_cleanup", "enhance_emotions"):
            if asked[name]:
                parameters[name] = asked[name]
        return parameters

    def language_tag(self) -> str:
        """Empty: to be detected."""
        language: str = self.validated_data["language"]
        return "" if language == "auto" else language


class ExportQuery(serializers.Serializer[Any]):
    format = serializers.ChoiceField(["srt", "vtt", "txt", "json"], required=False, default="json")
