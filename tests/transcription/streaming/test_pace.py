"""How often an open utterance is decoded: the planner's pace under load."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from transcription.engines.base import SAMPLE_RATE_HZ
from transcription.streaming.config import StreamConfig
from transcription.streaming.planning import DecodePlanner
from transcription.streaming.utterance import Utterance

CONFIG = StreamConfig()


def pace_s(planner: DecodePlanner) -> float:
    """New audio that is worth a decode, in seconds."""
    for judged in range(0, 4 * SAMPLE_RATE_HZ, 160):
        utterance = Utterance(0, 0, 0, 0)
        utterance.heard_until = 1
        if planner.choose(utterance, judged=judged, silence_start=None, config=CONFIG):
            return judged / SAMPLE_RATE_HZ
    raise AssertionError("never")


def after(round_trip_s: float, engine_s: float) -> float:
    planner = DecodePlanner()
    for _ in range(50):
        planner.answered(round_trip_s, engine_s)
    return pace_s(planner)


@given(engine_s=st.floats(0.01, 1.0), queued_s=st.floats(0.0, 2.0))
def test_the_longer_answers_queue_the_more_seldom_they_are_asked_for(
    engine_s: float, queued_s: float
) -> None:
    """Never more often than without the queue, and within the configured limits."""
    alone, queued = after(engine_s, engine_s), after(engine_s + queued_s, engine_s)
    assert CONFIG.min_new_audio_s <= alone <= queued <= CONFIG.max_new_audio_s + 0.02
    if 0.3 < queued_s < 0.5 and engine_s < 0.3:
        assert queued >= engine_s + 2 * queued_s


def test_an_engine_that_nobody_shares_is_asked_as_soon_as_it_is_free() -> None:
    """What the engine itself takes is not queueing; nor is it where an engine does not say."""
    assert after(0.5, 0.49) < 0.56
    assert after(0.5, 0.0) < 0.52
