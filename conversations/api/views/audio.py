"""A recording, whole or in ranges, without a thread that waits for the reader (RFC 9110, section 14)."""

from __future__ import annotations

import logging
import mimetypes
import re
from collections.abc import AsyncIterator
from pathlib import PurePath
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.files import File
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.views.decorators.http import require_safe
from rest_framework.exceptions import Throttled

from conversations.access import Access
from conversations.api.authentication import access_of_plain, address_of
from conversations.api.errors import envelope
from conversations.models import AccessRecord
from conversations.sealing.keys import SealBroken
from conversations.selectors import conversation_for
from conversations.services.access_log import note_access
from conversations.wrong_keys import WINDOW_S

logger = logging.getLogger(__name__)

CHUNK_BYTES = 256 * 1024
RANGE = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")


class UnsatisfiableError(ValueError):
    """No byte of the recording is in the range."""


def byte_range(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """First and last byte that a `Range` header asks for; None means the whole.

    A header of several ranges or of no known form is passed over, as the RFC allows. Raises
    UnsatisfiableError.
    """
    match = RANGE.fullmatch((header or "").replace(" ", ""))
    if match is None or not (match["first"] or match["last"]):
        return None
    if not match["first"]:
        length = min(int(match["last"]), size_bytes)
        first, last = size_bytes - length, size_bytes - 1
    else:
        first = int(match["first"])
        last = min(int(match["last"] or size_bytes - 1), size_bytes - 1)
        if match["last"] and int(match["last"]) < first:
            return None
    if first > last or first >= size_bytes:
        raise UnsatisfiableError
    return first, last


@require_safe
async def audio(  # noqa: PLR0911 - each way to refuse is one
    request: HttpRequest, conversation_id: UUID
) -> HttpResponseBase:
    """GET, HEAD: the recording, with `Range`. Scope `read`; 404 where there is none (any more)."""
    try:
        access = await sync_to_async(access_of_plain)(request)
    except Throttled as error:
        response = JsonResponse(envelope(error.default_code, str(error.detail)), status=error.status_code)
        response.headers["Retry-After"] = str(WINDOW_S)
        return response
    if access is None:
        response = JsonResponse(envelope("not_authenticated", "An API key is needed."), status=401)
        response.headers["WWW-Authenticate"] = 'Bearer realm="ambient"'
        return response
    if not access.may("read"):
        return JsonResponse(envelope("permission_denied", "This needs the scope 'read'."), status=403)
    try:
        file, size_bytes = await sync_to_async(_open)(access, conversation_id, address_of(request))
    except (Http404, FileNotFoundError) as error:
        message = str(error) if isinstance(error, Http404) else "The recording is not kept any more."
        return JsonResponse(envelope("not_found", message), status=404)
    except SealBroken as error:
        logger.error("the recording of %s cannot be opened: %s", conversation_id, error)
        message = "The recording cannot be opened: its key is missing, or it was damaged."
        return JsonResponse(envelope("recording_sealed", message), status=500)
    # No validators are sent, so an If-Range matches nothing and asks for the whole.
    header = None if "If-Range" in request.headers else request.headers.get("Range")
    try:
        wanted = byte_range(header, size_bytes)
    except UnsatisfiableError:
        await sync_to_async(file.close)()
        refusal = JsonResponse(envelope("range_not_satisfiable", "No byte is in this range."), status=416)
        refusal.headers["Content-Range"] = f"bytes */{size_bytes}"
        return refusal
    return await _answer(request, file, size_bytes, wanted)


async def _answer(
    request: HttpRequest, file: File[bytes], size_bytes: int, wanted: tuple[int, int] | None
) -> HttpResponseBase:
    first, last = wanted or (0, size_bytes - 1)
    name = PurePath(file.name or "recording").name
    headers = {
        "Content-Type": mimetypes.guess_type(name)[0] or "application/octet-stream",
        "Content-Length": str(last - first + 1),
        "Content-Disposition": f'inline; filename="{name}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
    }
    if wanted:
        headers["Content-Range"] = f"bytes {first}-{last}/{size_bytes}"
    status = 206 if wanted else 200
    if request.method == "HEAD":
        await sync_to_async(file.close)()
        return HttpResponse(status=status, headers=headers)
    return StreamingHttpResponse(_chunks(file, first, last), status=status, headers=headers)


async def _chunks(file: File[bytes], first: int, last: int) -> AsyncIterator[bytes]:
    left = last - first + 1
    try:
        await sync_to_async(file.seek, thread_sensitive=False)(first)
        while left > 0:
            chunk = await sync_to_async(file.read, thread_sensitive=False)(min(CHUNK_BYTES, left))
            if not chunk:
                break
            left -= len(chunk)
            yield chunk
    finally:
        file.close()


def _open(access: Access, conversation_id: UUID, address: str) -> tuple[File[bytes], int]:
    conversation = conversation_for(access, conversation_id)
    if not conversation.audio:
        raise Http404("This conversation has no recording.")
    file = conversation.audio.open("rb")
    heard = AccessRecord.What.AUDIO
    note_access(access=access, what=heard, conversation_id=conversation_id, address=address)
    return file, file.size
