"""The live page: a microphone and the words; and a copy of it that opens from a disk."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from sessions.standalone import MAIN, WORKLET, bundled, modules_of, style

COPY_NAME = "ambient-live.html"


@require_safe
@ensure_csrf_cookie
def live_page(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "sessions/live.html",
        {"buffer_bytes": settings.AMBIENT.live.audio_buffer_size_bytes, "modules": modules_of(MAIN)},
    )


@require_safe
def live_copy(request: HttpRequest) -> HttpResponse:
    """One file with everything in it, for integrators: it is saved, opened from a disk, and given tokens."""
    response = render(
        request,
        "sessions/live_copy.html",
        {
            "is_copy": True,
            "address": request.build_absolute_uri("/").rstrip("/"),
            "buffer_bytes": settings.AMBIENT.live.audio_buffer_size_bytes,
            "style": style(),
            "script": bundled(MAIN),
            "worklet": bundled(WORKLET),
        },
    )
    response["Content-Disposition"] = f'attachment; filename="{COPY_NAME}"'
    return response
