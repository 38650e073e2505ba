"""A recording's outline for a picture: how loud it is, column by column."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from transcription.engines.base import SAMPLE_RATE_HZ, Samples

WINDOW_SAMPLES = SAMPLE_RATE_HZ // 50
"""20 ms: a syllable is several columns of a short recording."""
MOST_COLUMNS = 4000
"""Twice the pixels of a wide screen; a longer recording has longer columns."""


def peaks(blocks: Iterable[Samples], *, most: int = MOST_COLUMNS) -> bytes:
    """The largest magnitude in each of at most `most` columns of equal length (the last may be shorter), a
    byte each: 255 is full scale. Blocks are mono (n,) or (n, channels), and read one at a time."""
    windows: list[Samples] = []
    rest = np.empty(0, np.float32)
    for block in blocks:
        loud = np.abs(block)
        rest = np.concatenate([rest, loud if loud.ndim == 1 else loud.max(axis=1)])
        whole = len(rest) // WINDOW_SAMPLES * WINDOW_SAMPLES
        windows.append(_largest(rest[:whole], WINDOW_SAMPLES))
        rest = rest[whole:]
    columns = np.concatenate([*windows, _largest(rest, WINDOW_SAMPLES)])
    columns = _largest(columns, -(-len(columns) // most) or 1)
    return np.rint(np.clip(columns, 0.0, 1.0) * 255).astype(np.uint8).tobytes()


def _largest(values: Samples, width: int) -> Samples:
    """Of each `width` values; of what is left at the end as well."""
    padded = np.pad(values, (0, -len(values) % width))
    largest: Samples = padded.reshape(-1, width).max(axis=1)
    return largest
