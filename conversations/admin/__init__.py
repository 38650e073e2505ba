"""The admin of this room: what a machine wrote is for reading, what people decide is for editing."""

from django.contrib import admin

from conversations.admin import access, access_log, catalogue, conversation, rows

admin.site.site_header = admin.site.site_title = "Ambient"
admin.site.index_title = "Operations"

__all__ = ["access", "access_log", "catalogue", "conversation", "rows"]
