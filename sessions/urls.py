"""Addresses of this room, from the root."""

from __future__ import annotations

from django.urls import path

from sessions import pages
from sessions.api import enhancement, views

STREAM = "v1/audio/transcriptions/stream/<str:session_id>"

urlpatterns = [
    path("", pages.live_page, name="live"),
    path("live-copy", pages.live_copy, name="live-copy"),
    path("api/v1/websocket/sessions", views.SessionsView.as_view(), name="sessions"),
    path("api/v1/websocket/sessions/<str:session_id>", views.SessionView.as_view(), name="session"),
    path(
        "api/v1/websocket/sessions/<str:session_id>/end", views.SessionEndView.as_view(), name="session-end"
    ),
    path("api/v1/websocket/broadcast", views.BroadcastView.as_view(), name="broadcast"),
    path(f"{STREAM}/enhancement", enhancement.EnhancementView.as_view(), name="enhancement"),
    path(f"{STREAM}/enhance", enhancement.EnhanceView.as_view(), name="enhance"),
]
