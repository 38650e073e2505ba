"""The access log, for looking at."""

from __future__ import annotations

from django.contrib import admin

from conversations.admin.base import MachineWritten
from conversations.models import AccessRecord


@admin.register(AccessRecord)
class AccessRecordAdmin(MachineWritten):
    list_display = ["at", "what", "who", "by_key", "address", "conversation_id"]
    list_filter = ["what"]
    list_select_related = ["user", "key"]
    search_fields = ["=conversation_id", "=address"]
    search_help_text = "The id of a conversation, or an address."
    date_hierarchy = "at"

    @admin.display(description="who", ordering="user_id")
    def who(self, record: AccessRecord) -> str:
        return record.user.get_username() if record.user else f"user {record.user_id}, gone"

    @admin.display(description="with the key", ordering="key_id")
    def by_key(self, record: AccessRecord) -> str:
        if record.key_id is None:
            return "–"
        return str(record.key) if record.key else f"key {record.key_id}, gone"
