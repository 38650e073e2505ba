"""Conversations: looked at, run again, retried, erased."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from conversations.access import access_from_user
from conversations.admin import findings
from conversations.admin.base import MachineWritten, badge, clock
from conversations.api.authentication import address_of
from conversations.errors import Conflict
from conversations.models import AccessRecord, Conversation
from conversations.services.access_log import note_access
from conversations.services.conversations import erase_conversation
from conversations.services.reruns import rerun, retry_failed

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SECTIONS = ("stages", "summary", "classification", "answers", "entities", "quality", "speakers", "segments")
"""Of the page, in order; each is a function of `findings`."""


def _section(name: str) -> Callable[[MachineWritten, Conversation], SafeString]:
    show: Callable[[Conversation], SafeString] = getattr(findings, name)

    @admin.display(description="")
    def section(self: MachineWritten, conversation: Conversation) -> SafeString:
        return show(conversation)

    return section


@admin.register(Conversation)
class ConversationAdmin(MachineWritten):
    list_display = ["name", "state", "source", "owner", "language", "length", "created_at"]
    list_filter = ["status", "source", "created_at"]
    list_select_related = ["owner"]
    search_fields = ["=id", "title", "=session_id"]
    search_help_text = "An id, a session id, or part of a title."
    date_hierarchy = "created_at"
    ordering = ["-created_at"]
    actions = ["run_again", "retry_failed_stages", "erase"]
    fieldsets: ClassVar[Any] = (
        (
            None,
            {
                "fields": (
                    ("id", "state"),
                    ("source", "session_id"),
                    ("owner", "language", "length"),
                    ("created_at", "completed_at"),
                    ("question_set", "taxonomy"),
                    "recording",
                )
            },
        ),
        *[(name.capitalize(), {"fields": (name,), "classes": ("ambient-wide",)}) for name in SECTIONS],
    )

    stages, summary, classification, answers = map(_section, SECTIONS[:4])
    entities, quality, speakers, segments = map(_section, SECTIONS[4:])

    @admin.display(description="conversation", ordering="title")
    def name(self, conversation: Conversation) -> str:
        return conversation.title or conversation.session_id or str(conversation.pk)[:8]

    @admin.display(description="state", ordering="status")
    def state(self, conversation: Conversation) -> Any:
        return badge(conversation.status)

    @admin.display(description="length", ordering="duration_s")
    def length(self, conversation: Conversation) -> str:
        return clock(conversation.duration_s)

    def recording(self, conversation: Conversation) -> Any:
        return findings.recording(conversation)

    @admin.action(description="Run the analysis again", permissions=["operate"])
    def run_again(self, request: HttpRequest, chosen: QuerySet[Conversation]) -> None:
        for conversation in chosen:
            try:
                run = rerun(conversation_id=conversation.pk)
            except Conflict as error:
                self.message_user(request, f"{conversation}: {error.message}", messages.ERROR)
            else:
                self.message_user(request, f"{conversation}: run {run.number} has been started.")

    @admin.action(description="Retry failed stages", permissions=["operate"])
    def retry_failed_stages(self, request: HttpRequest, chosen: QuerySet[Conversation]) -> None:
        for conversation in chosen:
            again = retry_failed(conversation_id=conversation.pk)
            if again:
                self.message_user(request, f"{conversation}: {', '.join(again)} sent again.")
            else:
                self.message_user(request, f"{conversation}: nothing to retry.", messages.WARNING)

    @admin.action(description="Erase: recording, words and results", permissions=["erase"])
    def erase(self, request: HttpRequest, chosen: QuerySet[Conversation]) -> TemplateResponse | None:
        if "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": "Erase conversations",
                "opts": self.opts,
                "chosen": chosen,
                "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
                "media": self.media,
            }
            return TemplateResponse(request, "conversations/admin/erase.html", context)
        for conversation in chosen:
            name, pk = str(conversation), conversation.pk
            try:
                erase_conversation(conversation_id=conversation.pk)
            except Conflict as error:
                self.message_user(request, f"{name}: {error.message}", messages.ERROR)
            else:
                note_access(
                    access=access_from_user(cast("User", request.user)),
                    what=AccessRecord.What.ERASURE,
                    conversation_id=pk,
                    address=address_of(request),
                )
                self.message_user(request, f"{name}: erased.")
        return None
