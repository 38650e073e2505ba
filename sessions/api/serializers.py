"""Live sessions as JSON (contract: REST, live sessions)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sessions.models import RealTimeSession, RealTimeSessionMetrics, RealTimeTranscriptChunk

MAX_ANNOUNCEMENT_CHARS = 1_000


class MetricsSerializer(serializers.ModelSerializer[RealTimeSessionMetrics]):
    total_session_duration = serializers.FloatField(source="total_session_duration_s")

    class Meta:
        model = RealTimeSessionMetrics
        fields = [
            "chunks_processed",
            "avg_processing_time_ms",
            "max_processing_time_ms",
            "min_processing_time_ms",
            "total_session_duration",
            "avg_confidence_score",
            "real_time_factor",
            "latency_p50_ms",
            "latency_p95_ms",
            "frames_received",
            "decodes_requested",
            "decodes_resent",
            "partials_sent",
            "partials_coalesced",
            "floods",
            "slow_readers",
            "lag_warnings",
            "max_lag_s",
            "steps",
        ]


class ChunkSerializer(serializers.ModelSerializer[RealTimeTranscriptChunk]):
    start_time = serializers.FloatField(source="start_s")
    end_time = serializers.FloatField(source="end_s")
    latency_ms = serializers.FloatField(allow_null=True, read_only=True)

    class Meta:
        model = RealTimeTranscriptChunk
        fields = [
            "chunk_index",
            "segment_id",
            "revision",
            "text",
            "start_time",
            "end_time",
            "language",
            "confidence",
            "segments",
            "model_used",
            "processing_time_ms",
            "audio_size_bytes",
            "latency_ms",
            "speech_ended_at",
            "received_at",
            "queued_at",
            "started_at",
            "decoded_at",
            "committed_at",
            "sent_at",
        ]


class SessionSerializer(serializers.ModelSerializer[RealTimeSession]):
    """`metrics` is empty until the session has ended: they are written once, then."""

    conversation_id = serializers.UUIDField(read_only=True)
    status = serializers.ChoiceField(
        source="current_status", choices=RealTimeSession.Status.choices, read_only=True
    )
    total_chunks = serializers.IntegerField(read_only=True)
    transcript_length = serializers.SerializerMethodField()
    metrics = serializers.SerializerMethodField()

    class Meta:
        model = RealTimeSession
        fields = [
            "session_id",
            "conversation_id",
            "status",
            "end_reason",
            "connected_at",
            "last_activity",
            "ended_at",
            "total_chunks",
            "transcript_length",
            "metrics",
        ]

    def get_transcript_length(self, session: RealTimeSession) -> int:
        length: int | None = getattr(session, "transcript_length", None)
        return length or 0

    @extend_schema_field(MetricsSerializer)
    def get_metrics(self, session: RealTimeSession) -> dict[str, Any]:
        metrics = getattr(session, "metrics", None)
        return dict(MetricsSerializer(metrics).data) if metrics else {}


class SessionDetailSerializer(SessionSerializer):
    chunks = ChunkSerializer(many=True, read_only=True)

    class Meta(SessionSerializer.Meta):
        fields = [
            *SessionSerializer.Meta.fields,
            "protocol",
            "encoding",
            "sample_rate_hz",
            "channels",
            "language",
            "engine",
            "whisper_model",
            "epoch",
            "bytes_received",
            "audio_duration_s",
            "chunks",
        ]


class SessionsQuery(serializers.Serializer[dict[str, Any]]):
    status = serializers.ChoiceField(choices=["all"], required=False)


class SessionsResponse(serializers.Serializer[dict[str, Any]]):
    active_sessions = serializers.IntegerField()
    max_connections = serializers.IntegerField()
    sessions = SessionSerializer(many=True)


class BroadcastRequest(serializers.Serializer[dict[str, Any]]):
    type = serializers.ChoiceField(choices=["announcement"], default="announcement")
    message = serializers.CharField(max_length=MAX_ANNOUNCEMENT_CHARS)


class BroadcastResponse(serializers.Serializer[dict[str, Any]]):
    message = serializers.CharField()
    recipients = serializers.IntegerField()
