"""A form with a recording in it: written to the disk as it is parsed, and cut off where it is too large."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler
from django.http import HttpRequest
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from conversations.api.base import ApiView
from conversations.services.uploads import MAX_UPLOAD_BYTES, too_large

FORM_OVERHEAD_BYTES = 1024 * 1024
"""Boundaries, headers and the other fields of a form whose file is as large as allowed."""


class CappedUploads(FileUploadHandler):
    """Ahead of the handler that writes to disk: stops a file that grows past the cap, whatever length was
    announced. What was written until then goes with the request."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._received_bytes = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._received_bytes += len(raw_data)
        if self._received_bytes > MAX_UPLOAD_BYTES:
            raise too_large()
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


class RecordingForm(ApiView):
    """For views whose POST takes a recording."""

    parser_classes = [MultiPartParser]

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        # Before anything reads the body, which the CSRF check of a cookie does.
        request.upload_handlers = [CappedUploads(request), TemporaryFileUploadHandler(request)]
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_UPLOAD_BYTES + FORM_OVERHEAD_BYTES:
            raise too_large()
