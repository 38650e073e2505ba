"""What the OpenAPI document cannot find out by itself: how callers authenticate, and the one plain view."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "conversations.api.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "An API key, `prefix.secret`."}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "conversations.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "query",
            "name": "token",
            "description": "Short-lived, from POST /api/v1/tokens.",
        }


class LoopbackScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Keyless clients are an installation's own affair and stay out of the document."""

    target_class = "conversations.api.authentication.LoopbackAuthentication"
    name: list[str] = []

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        return []

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return []


AUDIO_PATH = "/api/v1/conversations/{conversation_id}/audio"
_BYTES = {"audio/*": {"schema": {"type": "string", "format": "binary"}}}


def add_audio(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Postprocessing hook: the recording is served by a view that REST framework knows nothing of."""
    result["paths"][AUDIO_PATH] = {
        "get": {
            "operationId": "audio_read",
            "description": "The recording, whole or the range of bytes that is asked for.",
            "tags": ["conversations"],
            "parameters": [
                {
                    "in": "path",
                    "name": "conversation_id",
                    "required": True,
                    "schema": {"type": "string", "format": "uuid"},
                },
                {"in": "header", "name": "Range", "schema": {"type": "string"}, "example": "bytes=0-65535"},
            ],
            "security": [{"apiKey": []}, {"token": []}, {"cookieAuth": []}],
            "responses": {
                "200": {"description": "All of it.", "content": _BYTES},
                "206": {"description": "The range.", "content": _BYTES},
                "404": {"description": "There is no recording, or it is not kept any more."},
                "416": {"description": "No byte is in the range."},
            },
        }
    }
    return result
