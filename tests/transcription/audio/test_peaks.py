"""A recording's outline: as loud as it is, column by column, however the samples come."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transcription.audio.peaks import MOST_COLUMNS, WINDOW_SAMPLES, peaks
from transcription.engines.base import Samples


def ramp(columns: int) -> Samples:
    """Each window of 20 ms as loud as its number says, in 255ths."""
    return (np.repeat(np.arange(columns) % 256, WINDOW_SAMPLES) / 255).astype(np.float32)


@given(st.lists(st.integers(0, 5000), max_size=8), st.integers(0, 40))
def test_the_outline_does_not_depend_on_the_blocks(cuts: list[int], columns: int) -> None:
    """Read in any pieces, the columns are those of the whole."""
    samples = ramp(columns)
    edges = sorted(min(cut, len(samples)) for cut in cuts)
    pieces = np.split(samples, edges)
    assert peaks(pieces) == peaks([samples]) == bytes(range(columns))


def test_a_long_recording_has_no_more_columns_and_keeps_its_loudest() -> None:
    """Past the most columns they grow longer, each as loud as the loudest in it; the last may be shorter."""
    samples = np.zeros(WINDOW_SAMPLES * (MOST_COLUMNS * 2 + 1), np.float32)
    samples[-1] = -1.0
    samples[WINDOW_SAMPLES * 3] = 0.5
    outline = peaks([samples])
    assert len(outline) <= MOST_COLUMNS
    assert (outline[1], outline[-1], sum(outline)) == (128, 255, 128 + 255)


def test_two_channels_are_one_outline_and_nothing_is_none() -> None:
    """A column is as loud as the louder channel; no samples give no columns; beyond full scale is full."""
    stereo = np.zeros((WINDOW_SAMPLES, 2), np.float32)
    stereo[5, 1] = -3.0
    assert peaks([stereo]) == b"\xff"
    assert peaks([]) == b""
