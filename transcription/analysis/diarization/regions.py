"""Where there is speech: the words of the transcript, or, where there are none, what the energy says.

A unit is the least that changes hands: a word, or a slice of speech whose words are not known. A piece is a
run of units with no pause between them; windows for the encoder are laid inside pieces, so that the turn
after a pause never lies in the same window as the turn before it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, takewhile

import numpy as np
from scipy.ndimage import binary_closing, binary_opening

from transcription.engines.base import SAMPLE_RATE_HZ, Samples
from transcription.models import Segment

SLICE_S = 0.5  # speech without word times is taken in slices of at most this
PAUSE_S = 0.08  # from here on a gap between words is a pause, at which speakers may change
_SHORTEST_UNIT_S = 0.01  # one frame

_FRAME_S = 0.03
_ABOVE_FLOOR_DB = 12.0
_BELOW_PEAK_DB = 30.0
_INAUDIBLE_DB = -60.0
_BRIDGE_S = 0.21  # shorter silences are stops between sounds
_COUNTED_IN_S = 0.2  # a word that begins so long before it is heard, or ends so long after, has a pause in it
_SHORTEST_SPEECH_S = 0.15  # shorter bursts are clicks


@dataclass(frozen=True, slots=True)
class Unit:
    """The least that changes hands, seconds on the audio clock; `piece`: which run of speech it is in."""

    start_s: float
    end_s: float
    piece: int

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


def speech_units(samples: Samples, segments: Sequence[Segment]) -> tuple[Unit, ...]:
    """The units of a recording in order of start; those beyond its end are left out."""
    duration_s = len(samples) / SAMPLE_RATE_HZ
    loud = energy_regions(samples)
    if segments:
        spans = [_without_pauses(span, loud) for segment in segments for span in _spans_of(segment)]
    else:
        spans = [span for start, end in loud for span in _slices(start, end)]
    units: list[Unit] = []
    piece = 0
    reach_s = 0.0
    for start, end in sorted(spans):
        start_s, end_s = max(0.0, start), min(max(end, start + _SHORTEST_UNIT_S), duration_s)
        if end_s <= start_s:
            continue
        if units and start_s - reach_s >= PAUSE_S:
            piece += 1
        units.append(Unit(start_s, end_s, piece))
        reach_s = max(reach_s, end_s)
    return tuple(units)


def _spans_of(segment: Segment) -> Iterator[tuple[float, float]]:
    if segment.words:
        yield from ((word.start_s, word.end_s) for word in segment.words)
    else:
        yield from _slices(segment.start_s, segment.end_s)


def _without_pauses(span: tuple[float, float], loud: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """A word without a pause ahead of it or behind it, which some recognisers count in; as it is, where all
    of it is quiet."""
    start_s, end_s = span
    first = bisect_right(loud, start_s, key=lambda region: region[1])
    inside = takewhile(lambda region: region[0] < end_s, islice(loud, first, None))
    parts = [(max(start_s, region[0]), min(end_s, region[1])) for region in inside]
    if not parts:
        return span
    heard_from_s, heard_to_s = max(parts, key=lambda part: part[1] - part[0])
    return (
        heard_from_s if heard_from_s - start_s >= _COUNTED_IN_S else start_s,
        heard_to_s if end_s - heard_to_s >= _COUNTED_IN_S else end_s,
    )


def _slices(start_s: float, end_s: float) -> Iterator[tuple[float, float]]:
    count = max(1, int(np.ceil((end_s - start_s) / SLICE_S)))
    edges = np.linspace(start_s, end_s, count + 1).tolist()
    yield from pairwise(edges)


def energy_regions(samples: Samples) -> list[tuple[float, float]]:
    """Stretches of speech by loudness: above the recording's own floor and near enough to its own peaks."""
    frame = int(_FRAME_S * SAMPLE_RATE_HZ)
    count = len(samples) // frame
    if count == 0:
        return []
    power = np.mean(np.square(samples[: count * frame].reshape(count, frame), dtype=np.float64), axis=1)
    level_db = 10 * np.log10(power + 1e-12)
    floor_db, peak_db = np.percentile(level_db, [10, 98])
    # A recording without pauses has its floor in its speech: the peaks then decide alone.
    threshold_db = max(min(floor_db + _ABOVE_FLOOR_DB, peak_db - _ABOVE_FLOOR_DB), peak_db - _BELOW_PEAK_DB)
    speech = level_db > max(threshold_db, _INAUDIBLE_DB)
    speech = binary_closing(np.pad(speech, 8), np.ones(round(_BRIDGE_S / _FRAME_S), bool))[8:-8]
    speech = binary_opening(speech, np.ones(round(_SHORTEST_SPEECH_S / _FRAME_S), bool))
    edges = np.flatnonzero(np.diff(np.pad(speech.astype(np.int8), 1)))
    return [(start * _FRAME_S, end * _FRAME_S) for start, end in edges.reshape(-1, 2).tolist()]
