"""Which speaker has each unit: the likeliest path through units whose changes cost something.

A Viterbi search. A unit's score for a speaker is the cosine similarity of the windows over it, times its
seconds, so that a long word counts for more than a short one; changing hands costs little at a pause and
much in the midst of speech.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from transcription.analysis.diarization.regions import Unit

# In seconds times similarity. Right and wrong speakers differ by 0.15 to 0.4 in similarity: a change in the
# midst of speech thus wants about a second of evidence, one at a pause a tenth of that.
CHANGE_IN_SPEECH = 0.12
CHANGE_AT_PAUSE = 0.015

_Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]


def likeliest_speakers(units: Sequence[Unit], similarities: _Floats) -> Labels:
    """The speaker of each unit, (units,). `similarities`: unit by speaker, (units, speakers)."""
    durations_s = np.array([unit.duration_s for unit in units])
    gain = similarities * durations_s[:, None]
    pieces = np.array([unit.piece for unit in units])
    costs = np.where(np.diff(pieces) > 0, CHANGE_AT_PAUSE, CHANGE_IN_SPEECH)
    came_from = np.zeros(gain.shape, np.intp)
    best = gain[0].copy()
    for i in range(1, len(units)):
        leader = int(np.argmax(best))
        stay, change = best, best[leader] - costs[i - 1]
        came_from[i] = np.where(stay >= change, np.arange(gain.shape[1]), leader)
        best = np.maximum(stay, change) + gain[i]
    labels = np.empty(len(units), np.intp)
    labels[-1] = np.argmax(best)
    for i in range(len(units) - 1, 0, -1):
        labels[i - 1] = came_from[i, labels[i]]
    return labels
