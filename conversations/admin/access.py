"""API keys: made here and shown once, renamed, limited, switched off."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from conversations.admin.base import RowAdmin, RowForm
from conversations.models import ApiKey
from conversations.services.access import create_key


class ApiKeyForm(RowForm):
    scopes = forms.MultipleChoiceField(choices=ApiKey.Scope.choices, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = ApiKey
        fields = ["name", "owner", "scopes", "max_sessions", "is_active"]


@admin.register(ApiKey)
class ApiKeyAdmin(RowAdmin):
    form = ApiKeyForm
    list_display = ["name", "prefix", "owner", "scopes", "max_sessions", "is_active", "last_used_at"]
    list_filter = ["is_active"]
    list_select_related = ["owner"]
    search_fields = ["name", "prefix", "owner__username"]
    autocomplete_fields = ["owner"]

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        fields = ["name", "owner", "scopes", "max_sessions"]
        return [*fields, "is_active", "prefix", "created_at", "last_used_at"] if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        return ["owner", "prefix", "created_at", "last_used_at"] if obj else []

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        row, key = create_key(
            owner=obj.owner, name=obj.name, scopes=obj.scopes, max_sessions=obj.max_sessions
        )
        obj.pk, obj.prefix, obj.digest, obj.created_at = row.pk, row.prefix, row.digest, row.created_at
        obj._state.adding = False
        request.META["ambient.new_key"] = key  # for the page that answers this very request, and nothing else

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: Any = None) -> HttpResponse:
        """The one page that shows the key, which is not stored (the admin's pages are not cached)."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"The key {obj.name}",
            "opts": self.opts,
            "key": request.META.pop("ambient.new_key"),
        }
        return TemplateResponse(request, "conversations/admin/new_key.html", context)
