"""The flood rule, the outbox, receipts and figures: pure bookkeeping."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.attachment import Attachment
from sessions.figures import SessionFigures, StepTimes, percentile
from sessions.limits import MAX_AHEAD_S, FloodRule
from sessions.meter import Extent, meter_of
from sessions.outbox import DEFAULT_LIMIT, Close, Outbox
from sessions.parameters import InvalidParameters, StreamParameters, parse_parameters
from sessions.protocols.base import Acknowledged, Failed, Heard, Pong
from sessions.receipts import Receipts
from sessions.seat import Seat
from tests.sessions.test_codec import HEARD
from transcription.audio.formats import AudioFormat


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 4)), max_size=60))
def test_no_more_than_a_minute_ahead(frames: list[tuple[float, float]]) -> None:
    """What was admitted is never more than 60 s ahead, and nothing within that bound is refused."""
    rule = FloodRule(connected_at_s=0.0)
    now_s = admitted_s = 0.0
    for wait_s, duration_s in frames:
        now_s += wait_s
        fits = admitted_s + duration_s <= MAX_AHEAD_S + now_s
        assert rule.admits(duration_s, now_s) == fits
        admitted_s += duration_s if fits else 0


def test_a_backlog_is_no_flood() -> None:
    """A resuming client may send what it saved up at ten times the speed of speech; it is no lag either."""
    rule = FloodRule(connected_at_s=0.0, backlog_s=600.0)
    assert all(rule.admits(10.0, float(second)) for second in range(60))
    assert rule.backlog_left_s(60.0) == 540.0
    assert not rule.admits(700.0, 60.0)


def numbers() -> Callable[[int], int]:
    taken = itertools.count()
    return lambda count: next(taken)


async def drain(box: Outbox) -> list[object]:
    box.close(1000)
    items: list[object] = []
    while (taken := await box.get()) is not None:
        item, _ = taken
        items.append(item)
        if isinstance(item, Close):
            break
    return items


def partial(segment_id: int, revision: int) -> Heard:
    return replace(HEARD, segment_id=segment_id, revision=revision, is_final=False)


async def test_partials_give_way_and_finals_stay() -> None:
    """Of a segment only the latest revision waits, at its end of the queue; a final replaces its partials."""
    box = Outbox(number=numbers())
    final = replace(HEARD, segment_id=0, revision=2)
    for notice in (partial(0, 0), Pong(1.0), partial(0, 1), final, partial(1, 0), partial(1, 1)):
        box.put(notice)
    assert await drain(box) == [Pong(1.0), final, partial(1, 1), Close(1000)]
    assert box.take_coalesced() == 3


async def test_only_the_newest_ack_waits() -> None:
    """A reader that was slow hears the latest ack once."""
    box = Outbox(number=numbers())
    box.put(Acknowledged(1, 0.1))
    box.put(Acknowledged(2, 0.2))
    assert await drain(box) == [Acknowledged(2, 0.2), Close(1000)]


async def test_a_box_runs_over_instead_of_growing() -> None:
    """Past its limit the box gives its reader up."""
    box = Outbox(number=numbers(), limit=3)
    waiting = asyncio.ensure_future(box.get())
    await asyncio.sleep(0)
    for index in range(5):
        box.put(replace(HEARD, segment_id=index))
    assert box.overflowed
    assert await waiting is None


def test_receipts_name_the_frame_that_brought_a_sample() -> None:
    """A sample's receipt is that of the first frame after which it was all here; old marks can go."""
    receipts, meter = Receipts(Extent()), meter_of(AudioFormat())
    assert receipts.of_sample(0) is None
    for frame in range(1, 11):
        meter.count(meter.read(bytes(3200)))
        receipts.note(meter.total, float(frame))
    assert receipts.sent_bytes_between(0.05, 0.55) == 16_000
    assert [receipts.of_sample(sample) for sample in (1, 1600, 1601, 16_000, 99_999)] == [1, 1, 2, 10, 10]
    receipts.drop_before(8000)
    assert receipts.of_sample(8001) == 6
    assert receipts.sent_bytes_between(0.45, 0.55) == 3200
    receipts.drop_before(99_999)
    assert receipts.of_sample(99_999) == 10


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_percentiles_are_values_that_were_measured(values: list[float], percent: int) -> None:
    """Nearest rank: at least that part of the values does not exceed it."""
    found = percentile(values, percent)
    assert found in values
    assert found is not None
    assert sum(1 for value in values if value <= found) >= len(values) * percent / 100


def test_what_was_not_measured_is_none() -> None:
    """A session without words has no averages, and no invented zeros."""
    columns = SessionFigures().columns(session_duration_s=2.0, audio_s=1.0)
    assert columns["chunks_processed"] == 0
    assert columns["steps"] == {}
    names = ("avg_processing_time_ms", "avg_confidence_score", "real_time_factor", "latency_p95_ms")
    assert all(columns[name] is None for name in names)


def test_steps_that_were_skipped_are_not_timed() -> None:
    """A final without a decode of its own counts for its latency alone."""
    figures = SessionFigures()
    figures.note_sent(StepTimes(1.0, committed_at=1.5), 2.0)
    figures.note_sent(StepTimes(1.0, 1.1, 1.2, 1.4, 1.5), 2.0)
    assert figures.latency_ms == [1000.0, 1000.0]
    assert len(figures.step_ms["committed_sent"]) == 2
    assert len(figures.step_ms["started_decoded"]) == 1


def test_parameters_are_read() -> None:
    """Every parameter of the contract is read; what is none is not looked at."""
    query = {
        "encoding": "mulaw",
        "sample_rate": "8000",
        "channels": "2",
        "language": "de-CH",
        "vocabulary": '["Ada"]',
        "interim_results": "TRUE",
        "acks": "1",
        "multichannel": "true",
        "token": "secret",
    }
    assert parse_parameters(query, StreamParameters()) == StreamParameters(
        encoding="mulaw",
        sample_rate_hz=8000,
        channels=2,
        multichannel=True,
        language="de-CH",
        vocabulary=("Ada",),
        interim_results=True,
        acks=True,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("encoding", "mp3"),
        ("sample_rate", "48001"),
        ("sample_rate", "٣٠٠٠٠"),
        ("channels", "3"),
        ("multichannel", "true"),
        ("language", "e"),
        ("vocabulary", '["' + "x" * 51 + '"]'),
        ("vocabulary", "[" * 100_000),
        ("store_audio", ""),
    ],
)
def test_wrong_values_are_named(name: str, value: str) -> None:
    """A value that is not taken is an error that names its parameter."""
    with pytest.raises(InvalidParameters, match=name):
        parse_parameters({name: value}, StreamParameters())


def test_a_reader_that_was_given_up_is_counted_once() -> None:
    """The seat counts an overrun box when its socket goes, and not again at the session's end."""
    figures = SessionFigures()
    seat = Seat(figures)
    attachment = Attachment(cast("Any", None), FloodRule(0.0), numbers())
    for number in range(DEFAULT_LIMIT + 1):
        attachment.outbox.put(Failed("test", str(number)))
    seat.count(attachment)
    seat.count(attachment)
    assert (attachment.outbox.overflowed, figures.slow_readers) == (True, 1)
