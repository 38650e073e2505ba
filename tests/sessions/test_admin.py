"""The admin over live sessions, and the picture of where their time went."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from conversations.services.conversations import open_live_conversation
from sessions.models import RealTimeSession, RealTimeSessionMetrics, RealTimeTranscriptChunk
from sessions.reach import session_group
from sessions.timing import STEPS, Timing, picture

ROOT = "/admin/realtime"

marks = st.one_of(st.none(), st.floats(1.7e9, 1.7e9 + 60))


@given(st.lists(st.tuples(*[marks] * 6), max_size=5))
def test_the_picture_is_sound_whatever_was_measured(times: list[tuple[float | None, ...]]) -> None:
    """Steps that were not measured, or whose clocks disagree, are left out; no bar leaves the picture."""
    timings = [Timing(str(number), row) for number, row in enumerate(times)]
    for timing in timings:
        for step, start_ms, length_ms in timing.spans_ms():
            assert 0 <= step < len(STEPS)
            assert start_ms >= 0
            assert length_ms >= 0
    html = f"<div>{picture(timings)}</div>"
    for rect in ElementTree.fromstring(html).iter("rect"):  # noqa: S314 - our own markup
        assert float(rect.attrib["x"]) >= 0
        assert float(rect.attrib["x"]) + float(rect.attrib["width"]) <= 900


def test_a_decode_queued_before_its_last_audio_counts_from_the_receipt() -> None:
    """The parts of a bar add up to receipt → sent."""
    spans = Timing("0", (10.0, 9.9, 10.1, 10.3, 10.31, 10.32)).spans_ms()
    assert sum(length for _, _, length in spans) == pytest.approx(320)


@pytest.fixture
def browser(db: None, settings: Any) -> Client:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    client = Client()
    client.force_login(User.objects.create_superuser("operator"))
    return client


@pytest.fixture
def session(browser: Client) -> RealTimeSession:
    """Active, with metrics and forty chunks."""
    owner = User.objects.create_user("speaker")
    conversation = open_live_conversation(
        owner_id=owner.pk, session_id="s-1", language="en", store_audio=True
    )
    row = RealTimeSession.objects.create(
        session_id="s-1",
        owner=owner,
        conversation=conversation,
        protocol="transcribe",
        encoding="pcm_s16le",
        sample_rate_hz=16_000,
        channels=1,
    )
    RealTimeSessionMetrics.objects.create(session=row, chunks_processed=40, latency_p50_ms=123.4)
    now = timezone.now()
    RealTimeTranscriptChunk.objects.bulk_create(
        RealTimeTranscriptChunk(
            session=row,
            chunk_index=number,
            segment_id=number,
            revision=1,
            text=f"chunk number {number}.",
            start_s=number,
            end_s=number + 1,
            model_used="m",
            processing_time_ms=10,
            audio_size_bytes=32_000,
            received_at=now,
            queued_at=now + timedelta(milliseconds=2),
            started_at=now + timedelta(milliseconds=5),
            decoded_at=now + timedelta(milliseconds=90),
            committed_at=now + timedelta(milliseconds=95),
            sent_at=now + timedelta(milliseconds=96) if number else None,
        )
        for number in range(40)
    )
    return row


def test_the_page_of_a_session_shows_figures_picture_and_last_chunks(
    session: RealTimeSession, browser: Client
) -> None:
    """Metrics, an SVG of the steps, and the last thirty chunks; the first ones are behind a link."""
    text = browser.get(f"{ROOT}/realtimesession/{session.pk}/change/").content.decode()
    assert "123 ms" in text
    assert "<svg" in text
    assert "started → decoded: 85.0 ms" in text
    assert "chunk number 39." in text
    assert "chunk number 9." not in text
    where = f"{ROOT}/realtimetranscriptchunk/?session__id__exact={session.pk}"
    assert where in text
    assert browser.get(where).context["cl"].result_count == 40
    assert browser.get(f"{ROOT}/realtimesession/?q=s-1").context["cl"].result_count == 1
    assert browser.get(f"{ROOT}/realtimesession/add/").status_code == 403


def test_a_session_without_chunks_has_a_page(session: RealTimeSession, browser: Client) -> None:
    """Nothing measured is said so, not drawn."""
    session.chunks.all().delete()
    RealTimeSessionMetrics.objects.all().delete()
    text = browser.get(f"{ROOT}/realtimesession/{session.pk}/change/").content.decode()
    assert "Nothing has been measured yet." in text


def test_ending_a_session_reaches_whoever_holds_it(session: RealTimeSession, browser: Client) -> None:
    """The action sends to the session's group on the channel layer; an ended session is left alone."""
    layer = get_channel_layer()

    def act() -> str:
        response = browser.post(
            f"{ROOT}/realtimesession/",
            {"action": "end_session", "_selected_action": [str(session.pk)]},
            follow=True,
        )
        return response.content.decode()

    async def subscribe() -> str:
        channel: str = await layer.new_channel()
        await layer.group_add(session_group("s-1"), channel)
        return channel

    channel = async_to_sync(subscribe)()
    assert "asked to end" in act()
    message = async_to_sync(layer.receive)(channel)
    assert message["type"] == "session.end"
    session.status, session.ended_at = RealTimeSession.Status.COMPLETED, timezone.now()
    session.save()
    assert "has ended already" in act()
