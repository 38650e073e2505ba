"""Whatever the timing, chunking, latency and losses: what was said comes out, once, in order, for good."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.transcription.streaming.simulation import Faults, Outcome, Spoken, run, speak
from transcription.engines.base import SAMPLE_RATE_HZ
from transcription.streaming.config import StreamConfig
from transcription.streaming.events import StreamEventType
from transcription.streaming.state import StreamState, apply

PROPERTY = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def speeches(draw: st.DrawFn) -> Spoken:
    """Up to 70 words of 0.12 to 0.8 s; no pause, a short one that closes nothing, or a long one."""
    lengths_s = draw(st.lists(st.floats(0.12, 0.8), min_size=1, max_size=70))
    pause = st.one_of(st.just(0.0), st.floats(0.0, 0.4), st.floats(0.6, 2.0))
    pauses_s = draw(st.lists(pause, min_size=len(lengths_s), max_size=len(lengths_s)))
    return speak(lengths_s, pauses_s, lead_s=draw(st.floats(0.0, 2.0)), tail_s=draw(st.floats(0.0, 1.5)))


@st.composite
def faults(draw: st.DrawFn) -> Faults:
    least_s = draw(st.floats(0.0, 0.5))
    most_s = least_s + draw(st.floats(0.0, 3.0))
    return Faults(
        unstable=draw(st.floats(0.0, 0.9)),
        jitter_s=draw(st.sampled_from([0.0, 0.01, 0.03])),
        lost=draw(st.floats(0.0, 0.5)),
        doubled=draw(st.floats(0.0, 0.5)),
        latency_s=lambda dice: dice.uniform(least_s, most_s),
        completes=draw(st.booleans()),
    )


configs = st.builds(
    StreamConfig,
    max_utterance_s=st.sampled_from([4.0, 6.0, 15.0]),
    early_final_ms=st.sampled_from([0, 200]),
    min_new_audio_s=st.sampled_from([0.1, 0.2, 1.0]),
)
chunkings = st.lists(st.floats(0.001, 1.0), min_size=1, max_size=8)


def check_events(outcome: Outcome) -> None:
    """What holds of any session, whatever was said; its events rebuild it, with the partials and without."""
    assert [event.seq for event in outcome.events] == list(range(len(outcome.events)))
    finals = outcome.finals
    assert [final.segment.id for final in finals] == list(range(len(finals)))
    whole, finals_only = StreamState(), StreamState()
    for event in outcome.events:
        whole = apply(whole, event)
        if event.type is not StreamEventType.PARTIAL_SEGMENT:
            finals_only = apply(finals_only, event)
    assert whole.segments == finals_only.segments == tuple(final.segment for final in finals)
    latest_s, revisions, done = 0.0, dict[int, int](), set[int]()
    for event in outcome.events:
        if event.type is StreamEventType.PARTIAL_SEGMENT or event.type is StreamEventType.FINAL_SEGMENT:
            segment = event.segment
            assert segment.id not in done, "a final never changes"
            payload = event.payload
            revision = payload.revision  # type: ignore[union-attr]
            assert revision == revisions.get(segment.id, -1) + 1
            revisions[segment.id] = revision
            times = [at_s for word in segment.words for at_s in (word.start_s, word.end_s)]
            assert times == sorted(times)
            assert latest_s <= segment.start_s <= segment.end_s
            if event.type is StreamEventType.FINAL_SEGMENT:
                done.add(segment.id)
                latest_s = segment.end_s


@PROPERTY
@given(speeches(), faults(), configs, chunkings, st.integers(0, 2**16))
def test_final_text_is_what_was_said(
    spoken: Spoken, faulty: Faults, config: StreamConfig, chunks_s: list[float], seed: int
) -> None:
    """No word is lost, doubled or changed by chunking, latency, loss, forced cuts or trials of a final."""
    outcome = run(spoken, config=config, faults=faulty, chunks_s=chunks_s, seed=seed)
    assert outcome.text == " ".join(word.text for word in spoken.words)
    check_events(outcome)


@PROPERTY
@given(speeches(), configs, st.integers(0, 2**16))
def test_silence_is_never_asked_of_an_engine(spoken: Spoken, config: StreamConfig, seed: int) -> None:
    """Every window holds speech, starts where the utterance did, only grows, and ends just after speech."""
    outcome = run(spoken, config=config, seed=seed)
    latest: dict[int, tuple[int, int]] = {}
    for request in outcome.requests:
        start_s, end_s = request.start_sample / SAMPLE_RATE_HZ, request.end_sample / SAMPLE_RATE_HZ
        inside = [word for word in spoken.words if word.end_s > start_s and word.start_s < end_s]
        assert inside
        assert end_s - inside[-1].end_s <= 0.3 + 0.064
        start, end = latest.get(request.utterance_id, (request.start_sample, 0))
        assert request.start_sample == start
        assert request.end_sample >= end
        latest[request.utterance_id] = (start, request.end_sample)


def test_nothing_is_said_in_silence() -> None:
    """A minute of silence gives no event and no request, and holds no more than the pre-roll."""
    outcome = run(Spoken((), 60.0))
    assert outcome.events == []
    assert outcome.requests == []
    assert max(outcome.held) <= 4 * SAMPLE_RATE_HZ


def test_quiet_audio_is_silence_whatever_the_vad_says() -> None:
    """Audio below -55 dBFS opens nothing even where the model is sure that it is speech."""
    spoken = Spoken((), 10.0)
    outcome = run(spoken, probabilities=[0.99] * len(spoken.probabilities()))
    assert outcome.events == []


def test_burst_shorter_than_the_minimum_opens_nothing() -> None:
    """A click of 60 ms is no utterance."""
    assert run(speak([0.06], [0.0])).events == []


def test_memory_is_bounded_by_the_window() -> None:
    """After minutes of talk the audio held is that of one utterance, not of the session."""
    spoken = speak([0.3] * 600, [0.0 if number % 90 else 1.0 for number in range(600)])
    outcome = run(spoken, chunks_s=[0.5])
    assert max(outcome.held) <= 3 * 16 * SAMPLE_RATE_HZ
    assert outcome.text == " ".join(word.text for word in spoken.words)


@pytest.mark.parametrize("seed", range(5))
def test_long_speech_is_cut_between_words(seed: int) -> None:
    """Speech without a pause gives segments of at most 15 s, each cut at a boundary of agreed words."""
    dice = random.Random(seed)
    lengths_s = [dice.uniform(0.15, 0.6) for _ in range(150)]
    spoken = speak(lengths_s, [0.0] * 150)
    outcome = run(spoken, seed=seed)
    assert outcome.text == " ".join(word.text for word in spoken.words)
    assert len(outcome.finals) >= 3
    assert all(final.segment.end_s - final.segment.start_s <= 15.1 for final in outcome.finals)
