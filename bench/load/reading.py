"""Continuous reading through faster-whisper on a model of whisper-tiny's shape, which reads the clock.

Each word of the model's is named by its place in its window. So a final's words must follow each other, and
where they lie is known from their names alone: a moment of the reading is covered where some final's word
lies on it.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from bench.load.outcome import Session
from bench.load.rows import Load, run
from bench.load.tables import costs
from bench.load.talk import Talk, loud
from bench.load.tiny_clock import CELL_S, NAMES, build
from bench.report import Figure, at_least, at_most, exactly

SESSIONS = 6
END_LAG_S = 3.0
GROWTH_S = 1.0
LAST_WORDS = 5
OPTIONS = {"short_partials": True, "beam_size": 1, "workers": 2, "batch_size": 2}


@dataclass(frozen=True, slots=True)
class Reading:
    """One session. `lag_s`: audio sent minus end of the last text, (seconds into the reading, lag) at each
    text. `covered`: (moment, whether a final has a word there) of each 0.3 s that is not silent."""

    lag_s: list[tuple[float, float]]
    end_lag_s: float
    covered: list[tuple[float, bool]]
    disordered: int

    @property
    def growth_s(self) -> float:
        """Of the lag, from the first third of the reading to the last."""
        third = self.lag_s[-1][0] / 3
        early = [lag for at_s, lag in self.lag_s if at_s <= third]
        late = [lag for at_s, lag in self.lag_s if at_s >= 2 * third]
        return statistics.median(late) - statistics.median(early)

    @property
    def last_words(self) -> int:
        """How many of the last five are there."""
        return sum(there for _, there in self.covered[-LAST_WORDS:])

    @property
    def held(self) -> bool:
        return bool(
            self.end_lag_s < END_LAG_S
            and self.growth_s < GROWTH_S
            and self.last_words == LAST_WORDS
            and not self.disordered
        )


def judge(session: Session, talk: Talk) -> Reading:
    spans: list[tuple[float, float]] = []
    disordered = 0
    for final in session.finals:
        cells = [_cell(word) for word, _ in final.timed]
        disordered += sum(later != earlier + 1 for earlier, later in pairwise(cells))
        if cells:
            starts = [start_s - cell * CELL_S for (_, start_s), cell in zip(final.timed, cells, strict=True)]
            window_s = float(statistics.median(starts))
            spans.append((window_s + cells[0] * CELL_S, window_s + (cells[-1] + 1) * CELL_S))
    spoken = [shown for shown in session.shown if shown.at_s <= talk.duration_s]
    ends = np.maximum.accumulate([shown.end_s for shown in spoken])
    lags = [(shown.at_s, float(shown.at_s - end_s)) for shown, end_s in zip(spoken, ends, strict=True)]
    # The model names a cell of which half is there: the last half cell may have no word.
    until_s = talk.duration_s - CELL_S / 2
    moments = [at_s for at_s in np.arange(CELL_S / 2, until_s, CELL_S) if loud(talk, float(at_s))]
    return Reading(
        lag_s=lags,
        end_lag_s=talk.duration_s - float(ends[-1]),
        covered=[(float(at_s), any(a <= float(at_s) <= b for a, b in spans)) for at_s in moments],
        disordered=disordered,
    )


def figures(*, steady_s: float) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="ambient-tiny-") as folder:
        load = Load(
            SESSIONS,
            ramp_s=3.0,
            steady_s=steady_s,
            reads=True,
            environment={
                "AMBIENT_LIVE_ENGINE": "faster-whisper",
                "WEBSOCKET_WHISPER_MODEL": str(build(Path(folder) / "tiny")),
                "AMBIENT_ENGINE_OPTIONS": json.dumps(OPTIONS),
            },
        )
        result = run(load)
    readings = [judge(session, talk) for session, talk in zip(result.sessions, result.talks, strict=True)]
    partials = sum(session.partials for session in result.sessions)
    audio_s = sum(session.audio_s for session in result.sessions)
    settings = ", ".join(f"{name} {json.dumps(value)}" for name, value in OPTIONS.items())
    return [
        Figure(
            f"sessions reading without a pause (int8, {settings})",
            SESSIONS,
            "",
        ),
        exactly("sessions that failed", sum(bool(one.failure) for one in result.sessions), "", 0),
        at_least("sessions held", sum(reading.held for reading in readings), "", SESSIONS),
        at_most("end lag, worst session", max(one.end_lag_s for one in readings), "s", END_LAG_S),
        at_most("growth of the lag, worst session", max(one.growth_s for one in readings), "s", GROWTH_S),
        at_least(
            "last-five-words recall",
            100 * sum(one.last_words for one in readings) / (LAST_WORDS * len(readings)),
            "%",
            100,
        ),
        exactly("words out of order within a final", sum(one.disordered for one in readings), "", 0),
        Figure("moments of speech that no final covers", 100 * _uncovered(readings), "%"),
        Figure("lag at each text, p50", _percentile(readings, 50), "s"),
        Figure("lag at each text, p95", _percentile(readings, 95), "s"),
        Figure("from one partial to the next", audio_s / max(1, partials), "s"),
        Figure("last frame → end of the session, worst", max(s.end_s or 0.0 for s in result.sessions), "s"),
        *[figure for figure in costs(result) if "scripted" not in figure.what],
    ]


def _cell(word: str) -> int:
    return int(word.strip().lstrip("".join(NAMES)))


def _uncovered(readings: list[Reading]) -> float:
    moments = [there for reading in readings for _, there in reading.covered]
    return 1 - sum(moments) / len(moments)


def _percentile(readings: list[Reading], percent: float) -> float:
    return float(np.percentile([lag for reading in readings for _, lag in reading.lag_s], percent))
