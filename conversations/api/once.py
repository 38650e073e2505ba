"""`Idempotency-Key` on POSTs that start work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.authentication import access_of
from conversations.services.idempotency import MAX_KEY_CHARS, Answer, answer_once

IDEMPOTENCY_HEADER = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="The same key and request within 24 h get the first answer and start nothing again.",
)


def respond_once(request: Request, asked: Mapping[str, Any], work: Callable[[], Answer]) -> Response:
    """Do the work, or give the answer that the same request got. `asked`: the validated request, whose files
    are compared by their bytes. Without the header the work is simply done."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        status, body = work()
        return Response(body, status=status)
    if not 1 <= len(key) <= MAX_KEY_CHARS or "\x00" in key:
        raise ValidationError({"Idempotency-Key": [f"1 to {MAX_KEY_CHARS} characters."]})
    status, body = answer_once(
        owner_id=access_of(request).owner_id,
        key=key,
        fingerprint=_fingerprint(request, asked),
        work=work,
    )
    return Response(body, status=status)


def _fingerprint(request: Request, asked: Mapping[str, Any]) -> str:
    fields = {
        name: _digest(value) if isinstance(value, UploadedFile) else value for name, value in asked.items()
    }
    text = json.dumps([request.method, request.path, fields], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(file: UploadedFile[bytes]) -> str:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return digest
