"""Recordings by range."""

from __future__ import annotations

from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import connections
from django.http import StreamingHttpResponse
from django.test import AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from conversations.api.views.audio import UnsatisfiableError, byte_range
from conversations.models import Conversation
from conversations.services.access import create_key

CONTENT = bytes(range(256)) * 10


@given(st.integers(1, 5000), st.integers(0, 6000), st.one_of(st.none(), st.integers(0, 6000)))
def test_a_range_is_what_slicing_would_give(size: int, first: int, last: int | None) -> None:
    """Whatever a client asks for, the bytes lie within the file and are those that it asked for."""
    header = f"bytes={first}-{'' if last is None else last}"
    try:
        wanted = byte_range(header, size)
    except UnsatisfiableError:
        assert first >= size
        return
    if wanted is None:
        assert last is not None
        assert last < first
        return
    everything = range(size)
    assert list(range(wanted[0], wanted[1] + 1)) == list(
        everything[first : None if last is None else last + 1]
    )


@given(st.integers(1, 5000), st.integers(1, 6000))
def test_a_suffix_range_is_the_end(size: int, length: int) -> None:
    """`bytes=-n` gives the last n bytes, or all where there are fewer."""
    assert byte_range(f"bytes=-{length}", size) == (max(0, size - length), size - 1)


@pytest.mark.parametrize("header", [None, "", "bytes=-", "bytes=0-1,3-4", "items=0-1", "bytes=a-b"])
def test_other_headers_mean_the_whole(header: str | None) -> None:
    """No range, several, or of a form that is not known: all of it."""
    assert byte_range(header, 100) is None


def test_no_byte_in_range_is_said() -> None:
    """A range past the end, an empty suffix, an empty file."""
    for header, size in (("bytes=100-", 100), ("bytes=-0", 100), ("bytes=0-", 0)):
        with pytest.raises(UnsatisfiableError):
            byte_range(header, size)


@pytest.mark.django_db(transaction=True)
async def test_a_recording_is_served_whole_and_in_parts(settings: object, tmp_path: Path) -> None:
    """200, 206, 416, HEAD, and refusals for who may not, over the asynchronous stack that serves it."""
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    owner = await User.objects.acreate(username="owner")
    conversation = Conversation(owner=owner, source="upload")
    await conversation.asave()
    await sync_to_async(conversation.audio.save)("call.wav", ContentFile(CONTENT))
    _, key = await sync_to_async(create_key)(owner=owner, name="k", scopes=["read"])
    _, deaf = await sync_to_async(create_key)(owner=owner, name="k", scopes=["live"])
    where = f"/api/v1/conversations/{conversation.pk}/audio"
    client = AsyncClient()
    auth = {"authorization": f"Bearer {key}"}

    async def body(response: object) -> bytes:
        assert isinstance(response, StreamingHttpResponse)
        return b"".join([part async for part in response])

    whole = await client.get(where, headers=auth)
    assert (whole.status_code, whole.headers["Accept-Ranges"]) == (200, "bytes")
    assert whole.headers["Content-Type"] in {"audio/x-wav", "audio/wav", "audio/vnd.wave"}
    assert await body(whole) == CONTENT
    part = await client.get(where, headers={**auth, "range": "bytes=10-19"})
    assert (part.status_code, part.headers["Content-Range"]) == (206, f"bytes 10-19/{len(CONTENT)}")
    assert await body(part) == CONTENT[10:20]
    conditional = await client.get(where, headers={**auth, "range": "bytes=10-19", "if-range": '"x"'})
    assert (conditional.status_code, await body(conditional)) == (200, CONTENT)
    beyond = await client.get(where, headers={**auth, "range": "bytes=99999-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(CONTENT)}")
    head = await client.head(where, headers=auth)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(CONTENT)))
    assert (await client.get(where)).status_code == 401
    assert (await client.get(where, headers={"authorization": f"Bearer {deaf}"})).status_code == 403
    assert (await client.post(where, headers=auth)).status_code == 405
    await sync_to_async(conversation.audio.delete)(save=False)
    await sync_to_async(Conversation.objects.filter(pk=conversation.pk).update)(audio="lost.wav")
    assert (await client.get(where, headers=auth)).status_code == 404
    await sync_to_async(connections.close_all)()
