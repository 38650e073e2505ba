"""Live sessions over REST: who speaks now, ending one, a word to all."""

from __future__ import annotations

from django.conf import settings
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.base import ApiView, valid
from conversations.errors import Conflict
from sessions import reach
from sessions.api.serializers import (
    BroadcastRequest,
    BroadcastResponse,
    SessionDetailSerializer,
    SessionsQuery,
    SessionsResponse,
)
from sessions.models import RealTimeSession
from sessions.selectors import count_active, session_for, session_list

HISTORY_LIMIT = 500
"""Sessions that one answer of `?status=all` holds, the newest."""


class SessionsView(ApiView):
    @extend_schema(operation_id="sessions_list", parameters=[SessionsQuery], responses=SessionsResponse)
    def get(self, request: Request) -> Response:
        """Running sessions of the caller's own (staff: all); with `?status=all` those that have ended too."""
        with_history = self.valid_query(SessionsQuery).get("status") == "all"
        sessions = list(session_list(self.access, with_history=with_history)[:HISTORY_LIMIT])
        answer = {
            "active_sessions": sum(1 for session in sessions if session.status in RealTimeSession.RUNNING),
            "max_connections": settings.AMBIENT.live.max_connections,
            "sessions": sessions,
        }
        return Response(SessionsResponse(answer).data)


class SessionView(ApiView):
    @extend_schema(operation_id="session_read", responses=SessionDetailSerializer)
    def get(self, request: Request, session_id: str) -> Response:
        """A session with its chunks and its metrics."""
        return Response(SessionDetailSerializer(session_for(self.access, session_id)).data)


class SessionEndView(ApiView):
    required_scopes = {"POST": "live"}

    @extend_schema(
        operation_id="session_end",
        request=None,
        responses={202: None, 409: OpenApiResponse(description="It has ended.")},
    )
    def post(self, request: Request, session_id: str) -> Response:
        """Ends it on whichever process holds it: its last words are transcribed, then its socket closes."""
        session = session_for(self.access, session_id)
        if session.status not in RealTimeSession.RUNNING:
            raise Conflict("This session has ended.")
        reach.ask_to_end(session_id)
        return Response(status=202)


class BroadcastView(ApiView):
    required_scopes = {"POST": "admin"}

    @extend_schema(operation_id="broadcast", request=BroadcastRequest, responses=BroadcastResponse)
    def post(self, request: Request) -> Response:
        """Says something to every live session. `recipients`: sessions that had a socket when it was said."""
        asked = valid(BroadcastRequest(data=request.data))
        recipients = count_active()
        reach.announce(asked["message"])
        return Response(BroadcastResponse({"message": asked["message"], "recipients": recipients}).data)
