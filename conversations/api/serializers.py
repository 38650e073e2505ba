"""Rows into the contract's JSON."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.models import (
    Answer,
    Conversation,
    Entity,
    PipelineRun,
    Question,
    QuestionSet,
    Speaker,
    StageRun,
    Taxonomy,
    TaxonomyLabel,
)
from conversations.selectors import (
    latest_run,
    run_progress,
    speakers_of,
    stage_result,
    version_number,
)

LINKED = ("transcript", "questions", "entities", "quality", "speakers", "audio")


class NullForEmpty(serializers.CharField):
    """The database keeps "" for what is not known; the API says null."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"read_only": True, "allow_null": True, **kwargs})

    def to_representation(self, value: Any) -> str | None:  # type: ignore[override]
        return super().to_representation(value) or None


class Seconds(serializers.FloatField):
    """Seconds on the audio clock, to the millisecond."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"read_only": True, **kwargs})

    def to_representation(self, value: Any) -> float:  # type: ignore[override]
        return round(float(value), 3)


class StageSerializer(serializers.ModelSerializer[StageRun]):
    engine = NullForEmpty()
    model = NullForEmpty()
    engine_version = NullForEmpty()
    duration_ms = serializers.IntegerField(read_only=True, allow_null=True)
    error = NullForEmpty()
    skip_reason = NullForEmpty()

    class Meta:
        model = StageRun
        fields = [
            "name",
            "status",
            "progress",
            "engine",
            "model",
            "engine_version",
            "attempts",
            "started_at",
            "finished_at",
            "duration_ms",
            "error",
            "skip_reason",
            "usage",
        ]


class RunSerializer(serializers.ModelSerializer[PipelineRun]):
    progress = serializers.SerializerMethodField(help_text="0 to 1.")
    stages = StageSerializer(many=True, read_only=True)

    class Meta:
        model = PipelineRun
        fields = [
            "id",
            "number",
            "status",
            "progress",
            "created_at",
            "started_at",
            "finished_at",
            "stages",
        ]

    def get_progress(self, run: PipelineRun) -> float:
        return run_progress(run)


class SpeakerSerializer(serializers.ModelSerializer[Speaker]):
    name = NullForEmpty()
    total_talk_time = Seconds(source="talk_time_s")

    class Meta:
        model = Speaker
        fields = ["id", "label", "name", "total_talk_time", "talk_ratio", "num_turns"]


class ConversationSerializer(serializers.ModelSerializer[Conversation]):
    """A conversation in a list."""

    title = NullForEmpty()
    session_id = NullForEmpty()
    language = NullForEmpty()
    duration = Seconds(source="duration_s")
    links = serializers.SerializerMethodField()

    class Meta:
        model = Conversation
        fields = [
            "id",
            "status",
            "source",
            "session_id",
            "title",
            "language",
            "duration",
            "created_at",
            "completed_at",
            "links",
        ]

    @extend_schema_field(
        {
            "type": "object",
            "properties": {
                name: {"type": "string", "nullable": name == "audio"} for name in ("self", *LINKED)
            },
        }
    )
    def get_links(self, conversation: Conversation) -> dict[str, str | None]:
        address = {"conversation_id": conversation.pk}
        links: dict[str, str | None] = {"self": reverse("api:conversation", kwargs=address)}
        for name in LINKED:
            links[name] = reverse(f"api:conversation-{name}", kwargs=address)
        if not conversation.audio:
            links["audio"] = None
        return links


class ConversationDetailSerializer(ConversationSerializer):
    """One conversation with its newest run and what was found."""

    run = serializers.SerializerMethodField()
    speakers = serializers.SerializerMethodField()
    classification = serializers.SerializerMethodField()
    summary = serializers.SerializerMethodField()

    class Meta(ConversationSerializer.Meta):
        fields = [*ConversationSerializer.Meta.fields, "run", "speakers", "classification", "summary"]

    @extend_schema_field(RunSerializer(allow_null=True))
    def get_run(self, conversation: Conversation) -> Any:
        run = latest_run(conversation)
        return None if run is None else RunSerializer(run).data

    @extend_schema_field(SpeakerSerializer(many=True))
    def get_speakers(self, conversation: Conversation) -> Any:
        return SpeakerSerializer(speakers_of(conversation, version_number(conversation)), many=True).data

    @extend_schema_field({"type": "object", "nullable": True, "additionalProperties": True})
    def get_classification(self, conversation: Conversation) -> dict[str, Any] | None:
        return stage_output(conversation, "classification")

    @extend_schema_field({"type": "object", "nullable": True, "additionalProperties": True})
    def get_summary(self, conversation: Conversation) -> dict[str, Any] | None:
        return stage_output(conversation, "summary")


class EntitySerializer(serializers.ModelSerializer[Entity]):
    segment_id = serializers.IntegerField(source="segment_number", read_only=True)

    class Meta:
        model = Entity
        fields = ["text", "label", "start", "end", "segment_id", "confidence"]


class EvidenceSerializer(serializers.Serializer[Any]):
    segment_id = serializers.IntegerField()
    start = serializers.FloatField()
    end = serializers.FloatField()
    quote = serializers.CharField()


class AnswerSerializer(serializers.ModelSerializer[Answer]):
    question_id = serializers.CharField(source="question_key", read_only=True)
    answer = NullForEmpty()
    evidence = EvidenceSerializer(many=True, read_only=True)
    engine = NullForEmpty()

    class Meta:
        model = Answer
        fields = [
            "question_id",
            "question",
            "answer",
            "status",
            "confidence",
            "evidence",
            "is_ad_hoc",
            "engine",
        ]


class WaveformDocument(serializers.Serializer[Any]):
    duration = serializers.FloatField()
    peaks = serializers.ListField(child=serializers.IntegerField(min_value=0, max_value=255))


class QuestionSerializer(serializers.ModelSerializer[Question]):
    class Meta:
        model = Question
        fields = ["key", "text", "hints", "answer_type", "position"]


class QuestionSetSerializer(serializers.ModelSerializer[QuestionSet]):
    questions = QuestionSerializer(many=True, read_only=True)

    class Meta:
        model = QuestionSet
        fields = ["id", "name", "description", "is_default", "questions"]


class TaxonomyLabelSerializer(serializers.ModelSerializer[TaxonomyLabel]):
    parent = serializers.CharField(  # type: ignore[assignment]
        source="parent.name", default=None, read_only=True, allow_null=True
    )

    class Meta:
        model = TaxonomyLabel
        fields = ["kind", "name", "description", "parent", "position"]


class TaxonomySerializer(serializers.ModelSerializer[Taxonomy]):
    labels = TaxonomyLabelSerializer(many=True, read_only=True)

    class Meta:
        model = Taxonomy
        fields = ["id", "name", "description", "is_default", "labels"]


def stage_output(
    conversation: Conversation, stage: str, *, run_number: int | None = None
) -> dict[str, Any] | None:
    """A stage's output and what made it; None where the stage has not succeeded."""
    row = stage_result(conversation, stage, run_number=run_number)
    if row is None:
        return None
    return {
        **(row.output or {}),
        "engine": row.engine,
        "model": row.model or None,
        "engine_version": row.engine_version or None,
    }
