"""A core that goes on where another one was lost: every word once, in order, whatever the moment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcription.streaming.simulation import Faults, Spoken, run, speak
from tests.transcription.streaming.test_core import PROPERTY, configs, faults, speeches
from transcription.audio.vad import FRAME_SAMPLES
from transcription.streaming.config import StreamConfig
from transcription.streaming.start import StartAt, start_after

TALK = speak([0.4] * 5, [0.0] * 5)


@PROPERTY
@given(
    speeches(), faults(), configs, st.lists(st.floats(0.1, 60.0), min_size=1, max_size=3), st.integers(0, 999)
)
def test_nothing_is_lost_or_said_twice(
    spoken: Spoken, engine: Faults, config: StreamConfig, breaks_s: list[float], seed: int
) -> None:
    """Cores are lost at any moments, each with its decodes in flight: the finals of all are the truth."""
    start, finals = StartAt(), []
    for generation, break_off_s in enumerate([*sorted(breaks_s), None]):
        outcome = run(spoken, config=config, faults=engine, seed=seed, start=start, break_off_s=break_off_s)
        assert all(request.id >= start.first_id <= request.utterance_id for request in outcome.requests)
        finals += outcome.finals
        if finals:
            start = start_after(
                finals[-1].covers_until_sample,
                segment_id=len(finals),
                last_word=finals[-1].segment.words[-1].text,
                first_id=(generation + 1) << 20,
            )
    assert " ".join(final.text for final in finals) == " ".join(word.text for word in spoken.words)
    assert [final.segment.id for final in finals] == list(range(len(finals)))
    times = [at_s for final in finals for at_s in (final.segment.start_s, final.segment.end_s)]
    assert times == sorted(times)


def test_the_next_revision_is_the_one_that_was_not_shown() -> None:
    """What was shown of an open segment is shown again with a revision that nobody has seen."""
    first = run(TALK, break_off_s=1.2)
    assert first.partials
    assert not first.finals
    again = run(TALK, start=start_after(0, segment_id=0, revision=first.partials[-1].revision + 1))
    revisions = [event.payload.revision for event in again.events if hasattr(event.payload, "revision")]
    assert revisions == list(range(first.partials[-1].revision + 1, revisions[-1] + 1))


def test_a_core_starts_at_the_edge_of_a_frame() -> None:
    """A start that no frame has is told at once."""
    with pytest.raises(ValueError, match="edge of a frame"):
        StartAt(sample=1, judged=FRAME_SAMPLES)
    with pytest.raises(ValueError, match="must be pushed"):
        StartAt(sample=FRAME_SAMPLES)
