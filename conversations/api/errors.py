"""Every error as {"error": {"code", "message", "details"?}}, mapped once.

Under /v1/ the same object has `type` and `param` beside them, which clients of the field's transcription API
read: one body serves both.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from django.http.multipartparser import MultiPartParserError
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.response import Response

from conversations.errors import RequestError
from transcription.errors import AudioUndecodable, UnsupportedAudio

logger = logging.getLogger(__name__)

UNEXPECTED = "Something broke on our side; it has been logged."


def envelope(code: str, message: str, details: Any = None) -> dict[str, Any]:
    error: dict[str, Any] = {"code": code, "message": message}
    if details:
        error["details"] = details
    return {"error": error}


FIELDS_SHAPE = "/v1/"
TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error"}


def for_address(path: str, status: int, body: dict[str, Any]) -> dict[str, Any]:
    """The envelope as that address answers it. `param`: the first field that is wrong, else null."""
    if path.startswith(FIELDS_SHAPE) and "error" in body:
        other = "server_error" if status >= 500 else "invalid_request_error"
        details = body["error"].get("details")
        is_of_fields = body["error"]["code"] == "validation_error" and isinstance(details, dict)
        body["error"]["type"] = TYPES.get(status, other)
        body["error"]["param"] = next(iter(details), None) if is_of_fields else None
    return body


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """REST framework's EXCEPTION_HANDLER. What nobody foresaw is logged and answered without a trace."""
    if isinstance(error, exceptions.APIException):
        response = _of_rest_framework(error)
    else:
        status, body = _status_and_body(error)
        if status == 500:
            logger.error("unhandled error in %s", type(context.get("view")).__name__, exc_info=error)
        response = Response(body, status=status)
        if status == 503:  # what a database says may quote rows
            logger.warning("%s: %s", type(context.get("view")).__name__, type(error).__name__)
            response.headers["Retry-After"] = "1"
    request = context.get("request")
    response.data = for_address(request.path if request else "", response.status_code, response.data)
    return response


def _status_and_body(error: Exception) -> tuple[int, dict[str, Any]]:
    match error:
        case RequestError():
            answer = error.status, envelope(error.code, error.message, error.details)
        case AudioUndecodable() | UnsupportedAudio():
            answer = 415, envelope("unsupported_media_type", str(error))
        case Http404():
            answer = 404, envelope("not_found", str(error) or "Not found.")
        case PermissionDenied():
            answer = 403, envelope("permission_denied", str(error) or "Not allowed.")
        case RequestDataTooBig():
            answer = 413, envelope("payload_too_large", "The request body is too large.")
        case OperationalError() | InterfaceError() | RedisError():
            answer = 503, envelope("unavailable", "The database or Redis does not answer; try again.")
        case MultiPartParserError():
            answer = 400, envelope("parse_error", f"The multipart body is malformed: {error}")
        case _:
            answer = 500, envelope("internal_error", UNEXPECTED)
    return answer


def _of_rest_framework(error: exceptions.APIException) -> Response:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    if isinstance(error, exceptions.ValidationError):
        body = envelope("validation_error", _first_problem(error.detail), error.detail)
    else:
        body = envelope(error.default_code, str(error.detail))
    return Response(body, status=error.status_code, headers=headers)


def _first_problem(detail: Any, field: str = "") -> str:
    """`field.inner: what is wrong`, for people who read only the message."""
    if isinstance(detail, dict) and detail:
        name, inner = next(iter(detail.items()))
        path = f"{field}.{name}" if field else str(name)
        return _first_problem(inner, field if name == "non_field_errors" else path)
    if isinstance(detail, list) and detail:
        return _first_problem(next((item for item in detail if item), detail[0]), field)
    return f"{field}: {detail}" if field else str(detail)


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    """For addresses under /api/ that nothing answers."""
    body = envelope("not_found", "There is nothing at this address.")
    return JsonResponse(for_address(request.path, 404, body), status=404)


def server_error(request: HttpRequest) -> JsonResponse:
    """For what breaks under /api/ outside a view."""
    return JsonResponse(for_address(request.path, 500, envelope("internal_error", UNEXPECTED)), status=500)
