"""The live page: a microphone and the words."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; "
    "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@require_safe
@ensure_csrf_cookie
def live_page(request: HttpRequest) -> HttpResponse:
    live = settings.AMBIENT.live
    response = render(
        request,
        "sessions/live.html",
        {"buffer_bytes": live.audio_buffer_size_bytes, "signed_in": request.user.is_authenticated},
    )
    response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response
