"""Live sessions in the admin: how they stand, what they measured, a picture of where the time went."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from conversations.admin.base import MachineWritten, all_of, badge, clock, percent, table
from sessions.models import RealTimeSession, RealTimeTranscriptChunk
from sessions.reach import ask_to_end
from sessions.timing import Timing, picture

CHUNKS_SHOWN = 30
"""The last ones; the rest is behind a link, in pages."""


@admin.register(RealTimeSession)
class RealTimeSessionAdmin(MachineWritten):
    list_display = [
        "session_id",
        "state",
        "owner",
        "protocol",
        "engine",
        "length",
        "connected_at",
        "ended_at",
    ]
    list_filter = ["status", "protocol", "engine", "connected_at"]
    list_select_related = ["owner"]
    search_fields = ["=session_id", "owner__username"]
    search_help_text = "A session id, or part of an owner's name."
    date_hierarchy = "connected_at"
    actions = ["end_session"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("session_id", "state", "end_reason"),
                    ("owner", "api_key", "conversation_link"),
                    ("protocol", "encoding", "sample_rate_hz", "channels"),
                    ("engine", "whisper_model", "language"),
                    ("connected_at", "last_activity", "ended_at"),
                    ("length", "bytes_received", "epoch"),
                    "options",
                ]
            },
        ),
        ("Metrics", {"fields": ["figures"], "classes": ["ambient-wide"]}),
        ("Where the time went", {"fields": ["timing"], "classes": ["ambient-wide"]}),
        ("Last chunks", {"fields": ["last_chunks"], "classes": ["ambient-wide"]}),
    ]

    @admin.display(description="state", ordering="status")
    def state(self, session: RealTimeSession) -> SafeString:
        return badge(session.current_status)

    @admin.display(description="audio", ordering="audio_duration_s")
    def length(self, session: RealTimeSession) -> str:
        return clock(session.audio_duration_s)

    @admin.display(description="conversation")
    def conversation_link(self, session: RealTimeSession) -> SafeString:
        address = reverse("admin:conversations_conversation_change", args=[session.conversation_id])
        return format_html('<a href="{}">{}</a>', address, session.conversation)

    @admin.display(description="")
    def figures(self, session: RealTimeSession) -> SafeString:
        metrics = getattr(session, "metrics", None)
        if metrics is None:
            return table((), (), empty="Nothing has been measured yet.")
        rows = [
            ("chunks", metrics.chunks_processed),
            (
                "receipt of the last audio → sent, p50 / p95",
                _pair(metrics.latency_p50_ms, metrics.latency_p95_ms),
            ),
            ("processing, mean", _ms(metrics.avg_processing_time_ms)),
            (
                "processing, least / most",
                _pair(metrics.min_processing_time_ms, metrics.max_processing_time_ms),
            ),
            (
                "real-time factor",
                "–" if metrics.real_time_factor is None else f"{metrics.real_time_factor:.3f}",
            ),
            ("mean confidence", percent(metrics.avg_confidence_score)),
            ("frames received", metrics.frames_received),
            ("decodes asked for / again", f"{metrics.decodes_requested} / {metrics.decodes_resent}"),
            ("partials sent / coalesced", f"{metrics.partials_sent} / {metrics.partials_coalesced}"),
            ("closed for a flood / a slow reader", f"{metrics.floods} / {metrics.slow_readers}"),
            ("most behind, warnings of it", _behind(metrics.max_lag_s, metrics.lag_warnings)),
        ]
        return table(("what", "measured"), rows, empty="")

    @admin.display(description="")
    def timing(self, session: RealTimeSession) -> SafeString:
        return picture([_timing(chunk) for chunk in _last(session)])

    @admin.display(description="")
    def last_chunks(self, session: RealTimeSession) -> SafeString:
        rows = (
            (c.chunk_index, clock(c.start_s), c.text, percent(c.confidence), _ms(c.latency_ms), c.model_used)
            for c in _last(session)
        )
        return format_html(
            "{}{}",
            table(("n", "at", "text", "confidence", "latency", "model"), rows, empty="No chunk yet."),
            all_of(RealTimeTranscriptChunk, "All chunks", session__id__exact=session.pk),
        )

    @admin.action(description="End the session", permissions=["operate"])
    def end_session(self, request: HttpRequest, chosen: QuerySet[RealTimeSession]) -> None:
        for session in chosen:
            if session.status in RealTimeSession.RUNNING:
                ask_to_end(session.session_id)
                self.message_user(request, f"{session}: asked to end.")
            else:
                self.message_user(request, f"{session}: has ended already.", messages.WARNING)


@admin.register(RealTimeTranscriptChunk)
class ChunkAdmin(MachineWritten):
    list_display = ["chunk_index", "at", "text", "confidence", "latency", "model_used"]
    search_fields = ["=session__session_id"]
    search_help_text = "A session id."
    list_per_page = 100
    ordering = ["session", "chunk_index"]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup == "session__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description="at")
    def at(self, chunk: RealTimeTranscriptChunk) -> str:
        return clock(chunk.start_s)

    @admin.display(description="latency")
    def latency(self, chunk: RealTimeTranscriptChunk) -> str:
        return _ms(chunk.latency_ms)


def _last(session: RealTimeSession) -> list[RealTimeTranscriptChunk]:
    return list(session.chunks.order_by("-chunk_index")[:CHUNKS_SHOWN])[::-1]


def _timing(chunk: RealTimeTranscriptChunk) -> Timing:
    marks: list[datetime | None] = [
        chunk.received_at,
        chunk.queued_at,
        chunk.started_at,
        chunk.decoded_at,
        chunk.committed_at,
        chunk.sent_at,
    ]
    return Timing(label=str(chunk.chunk_index), marks_s=tuple(m.timestamp() if m else None for m in marks))


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f} ms"


def _behind(max_lag_s: float | None, warnings: int) -> str:
    return "–" if max_lag_s is None else f"{max_lag_s:.1f} s, {warnings}"


def _pair(first: float | None, second: float | None) -> str:
    return f"{_ms(first)} / {_ms(second)}"
