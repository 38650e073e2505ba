"""Pages for people: the list of conversations, and one under review. They hold nobody's data: their scripts
ask the REST interface for it, with the cookie of the person who is signed in."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from conversations.models import Conversation, Stage
from transcription.analysis.quality import GROUPS, LABELS

LIGHTS = [(group, [(metric, LABELS[metric]) for metric in metrics]) for group, metrics in GROUPS.items()]
"""The card of call quality, before anything is known."""


@require_safe
@ensure_csrf_cookie
def conversations_page(request: HttpRequest) -> HttpResponse:
    context = {"statuses": Conversation.Status.choices, "sources": Conversation.Source.choices}
    return render(request, "conversations/list.html", context)


@require_safe
@ensure_csrf_cookie
def conversation_page(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    context = {"id": conversation_id, "lights": LIGHTS, "stages": Stage.values}
    return render(request, "conversations/review.html", context)
