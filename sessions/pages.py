"""The live page: a microphone and the words."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe


@require_safe
@ensure_csrf_cookie
def live_page(request: HttpRequest) -> HttpResponse:
    live = settings.AMBIENT.live
    return render(
        request,
        "sessions/live.html",
        {"buffer_bytes": live.audio_buffer_size_bytes, "signed_in": request.user.is_authenticated},
    )
