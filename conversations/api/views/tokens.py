"""Short-lived tokens, so that a page need not hold a key."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.authentication import ApiKeyAuthentication
from conversations.api.base import ApiView, valid
from conversations.api.requests import TokenRequest, TokenResponse
from conversations.services.access import make_token


class TokensView(ApiView):
    authentication_classes = [ApiKeyAuthentication, SessionAuthentication]  # a token makes no tokens
    required_scopes = {"POST": ""}

    @extend_schema(operation_id="token_create", request=TokenRequest, responses={201: TokenResponse})
    def post(self, request: Request) -> Response:
        """A token with one of the caller's own scopes, for `?token=` on sockets and in links."""
        asked = valid(TokenRequest(data=request.data))
        try:
            token, expires_at = make_token(access=self.access, scope=asked["scope"], ttl_s=asked["ttl"])
        except PermissionError as error:
            raise PermissionDenied(str(error)) from error
        return Response(TokenResponse({"token": token, "expires_at": expires_at}).data, status=201)
