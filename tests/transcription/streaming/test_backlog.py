"""What is held: the window of what is open, and no more than is said where nobody answers."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

import numpy as np

from tests.transcription.streaming.test_core_controls import heard
from transcription.engines.base import SAMPLE_RATE_HZ
from transcription.streaming.core import StreamingCore
from transcription.streaming.events import DecodeRequest, FinalSegment, StreamEvent, StreamEventType

_FRAMES = 32
_SPEECH = np.full(_FRAMES * 512, 0.1, np.float32)
_SILENCE = np.zeros(_FRAMES * 512, np.float32)
_BOUND = (120 + 30 + 32) * SAMPLE_RATE_HZ
"""max_backlog_s, the buffer's spare room, and an utterance on each side of it."""

Driver = Callable[[StreamingCore, DecodeRequest, float], list[StreamEvent]]


def talk(
    core: StreamingCore, seconds: int, answer: Driver, start_s: float = 0.0
) -> tuple[list[StreamEvent], int]:
    """Nine seconds of speech and one of silence, again and again: the events, and the most samples held."""
    events: list[StreamEvent] = []
    most = 0
    for second in range(seconds):
        now_s = start_s + second
        speaking = second % 10 != 9
        events += core.push_audio(_SPEECH if speaking else _SILENCE, now_s)
        events += core.push_speech([0.95 if speaking else 0.0] * _FRAMES, now_s)
        request = core.next_decode(now_s)
        if request is not None:
            events += answer(core, request, now_s)
        most = max(most, core.samples_held)
    return events, most


def never(_: StreamingCore, __: DecodeRequest, ___: float) -> list[StreamEvent]:
    return []


def lost(core: StreamingCore, request: DecodeRequest, now_s: float) -> list[StreamEvent]:
    return core.decode_lost(request.id, now_s)


def at_once(core: StreamingCore, request: DecodeRequest, now_s: float) -> list[StreamEvent]:
    return core.accept(request.id, heard(request, "so it goes"), now_s)


def check_losses(events: list[StreamEvent], until_s: float) -> None:
    told = [event.payload for event in events if event.type is StreamEventType.ERROR]
    assert {payload["code"] for payload in told} == {"utterance_lost"}  # type: ignore[index]
    starts = [payload["start"] for payload in told]  # type: ignore[index]
    assert starts == sorted(set(starts))
    assert starts[-1] >= until_s - 200


def test_memory_is_bounded_where_no_engine_ever_answers() -> None:
    """Half an hour without an answer holds two minutes of audio; what is given up is told, one by one."""
    events, most = talk(StreamingCore(), 1_800, never)
    assert most <= _BOUND
    check_losses(events, 1_800)


def test_memory_is_bounded_where_every_answer_is_lost() -> None:
    """The same where the driver gives up each request and asks again."""
    events, most = talk(StreamingCore(), 1_800, lost)
    assert most <= _BOUND
    check_losses(events, 1_800)


def test_engine_that_comes_back_gets_what_is_held() -> None:
    """After ten minutes without an answer the session goes on with what it still has."""
    core = StreamingCore()
    talk(core, 600, lost)
    events, _ = talk(core, 300, at_once, 600.0)
    finals = [event.payload.segment for event in events if isinstance(event.payload, FinalSegment)]
    assert StreamEventType.ERROR not in {event.type for event in events}
    assert finals[0].start_s < 600 - 60
    assert core.covered_until_sample > 880 * SAMPLE_RATE_HZ


def test_engine_that_answers_late_gets_everything() -> None:
    """One answer in fifty seconds is twenty minutes behind in the end, and nothing is dropped."""

    def slowly(core: StreamingCore, request: DecodeRequest, now_s: float) -> list[StreamEvent]:
        return at_once(core, request, now_s) if now_s % 50 == 0 else lost(core, request, now_s)

    events, _ = talk(StreamingCore(), 1_200, slowly)
    assert StreamEventType.ERROR not in {event.type for event in events}


def test_long_session_holds_no_more_than_a_minute() -> None:
    """What the core keeps for a session does not grow with it: within a megabyte after twenty minutes."""
    core = StreamingCore()
    talk(core, 10, at_once)
    tracemalloc.start()
    try:
        talk(core, 60, at_once, 10.0)
        gc.collect()
        minute, _ = tracemalloc.get_traced_memory()
        talk(core, 1_140, at_once, 70.0)
        gc.collect()
        later, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert later - minute < 1_000_000
