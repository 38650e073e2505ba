"""What an address that nothing answers, or a fault outside every view, looks like: JSON under /api/."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from conversations.api import errors

API = ("/api/", "/v1/", "/audio/")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API):
        return errors.not_found(request, exception)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith(API):
        return errors.server_error(request)
    return defaults.server_error(request)
