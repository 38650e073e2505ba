"""The admin, with how the installation stands on its first page."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse

from ambient.dashboard import dashboard


class AmbientAdminSite(AdminSite):
    index_template = "ambient/dashboard.html"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The dashboard is for who may see sessions."""
        context = dict(extra_context or {})
        if request.user.has_perm("realtime.view_realtimesession"):
            context["dashboard"] = dashboard()
        return super().index(request, context)
