"""The rows behind a conversation's page, in paged lists; and runs with their stages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from conversations.admin.base import MachineWritten, RowInline, badge, clock
from conversations.models import Answer, Entity, PipelineRun, Segment, StageRun

OF_A_CONVERSATION = "The id of a conversation."


@admin.register(Segment)
class SegmentAdmin(MachineWritten):
    list_display = ["number", "version", "at", "speaker_label", "text", "is_corrected", "confidence"]
    list_filter = ["version"]
    search_fields = ["=conversation__id"]
    search_help_text = OF_A_CONVERSATION
    list_per_page = 100
    ordering = ["conversation", "run_number", "number"]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup == "conversation__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description="at")
    def at(self, segment: Segment) -> str:
        return clock(segment.start_s)


@admin.register(Entity)
class EntityAdmin(MachineWritten):
    list_display = ["label", "text", "segment_number", "run_number", "confidence"]
    search_fields = ["=conversation__id"]
    search_help_text = OF_A_CONVERSATION
    list_per_page = 100


@admin.register(Answer)
class AnswerAdmin(MachineWritten):
    list_display = ["question", "answer", "status", "run_number", "confidence"]
    list_filter = ["status"]
    search_fields = ["=conversation__id"]
    search_help_text = OF_A_CONVERSATION


class StageInline(RowInline):
    model = StageRun
    can_delete = False
    extra = 0
    fields = (
        "name",
        "state",
        "engine",
        "model",
        "attempts",
        "started_at",
        "finished_at",
        "error",
        "skip_reason",
    )
    readonly_fields: ClassVar[tuple[str, ...]] = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="state")
    def state(self, stage: StageRun) -> Any:
        return badge(stage.status)


@admin.register(PipelineRun)
class PipelineRunAdmin(MachineWritten):
    list_display = ["__str__", "state", "created_at", "started_at", "finished_at"]
    list_filter = ["status", "created_at"]
    search_fields = ["=conversation__id"]
    search_help_text = OF_A_CONVERSATION
    fields = (("conversation", "number", "state"), "parameters", ("created_at", "started_at", "finished_at"))
    inlines = [StageInline]

    @admin.display(description="state", ordering="status")
    def state(self, run: PipelineRun) -> Any:
        return badge(run.status)
