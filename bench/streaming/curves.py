"""Latency against engine work, and what two contenders' curves say of each other, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.streaming.measure import Outcome

RESAMPLES = 1_000
"""The ends of a 95 % interval are then good to about a tenth of its width."""

Picked = npt.NDArray[np.int64]
Statistic = Callable[[Picked], float]
Point = tuple[float, float]
"""Engine work (audio seconds decoded per second of audio), latency in seconds."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One contender's outcomes: `by_interval[s]` has one for each conversation, in the same order."""

    by_interval: Mapping[float, Sequence[Outcome]]

    def points(self, picked: Picked, percent: float | None = None) -> list[Point]:
        """In order of work. `percent`: that percentile of the latencies; None: their mean."""
        found: list[Point] = []
        for outcomes in self.by_interval.values():
            chosen = [outcomes[index] for index in picked]
            latencies = np.concatenate([np.asarray(o.latencies_s) for o in chosen])
            latency_s = np.mean(latencies) if percent is None else np.percentile(latencies, percent)
            work = sum(o.work_s for o in chosen) / sum(o.audio_s for o in chosen)
            found.append((work, float(latency_s)))
        return sorted(found)

    def latency_at(self, work: float, picked: Picked, percent: float | None = None) -> float:
        """Between two points: on the line. Beyond the curve's ends: the end itself, which for more work than
        was measured is more than it would be. Less work than was measured: not known, so NaN."""
        points = self.points(picked, percent)
        if work < points[0][0]:
            return float("nan")
        return float(np.interp(work, [w for w, _ in points], [s for _, s in points]))

    def work_at(self, latency_s: float, picked: Picked) -> float:
        """The least work at which the latency is reached; for more latency than was measured the least work
        that was measured, which is more than it would take. NaN where it is reached nowhere."""
        points = self.points(picked)
        reached = [work for work, seconds in points if seconds <= latency_s]
        if not reached:
            return float("nan")
        first = next(index for index, (work, _) in enumerate(points) if work == reached[0])
        if first == 0:
            return points[0][0]
        (work_a, slow_s), (work_b, quick_s) = points[first - 1], points[first]
        return work_a + (work_b - work_a) * (slow_s - latency_s) / (slow_s - quick_s)


def bootstrap(statistic: Statistic, count: int, *, seed: int) -> tuple[float, float]:
    """95 % interval over `count` conversations, drawn with replacement; what is compared within the
    statistic sees the same ones, so the comparison is paired (Bisani and Ney 2004, "Bootstrap estimates for
    confidence intervals in ASR performance evaluation")."""
    rng = np.random.default_rng(seed)
    values = [statistic(rng.integers(0, count, count)) for _ in range(RESAMPLES)]
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def everything(count: int) -> Picked:
    return np.arange(count)


def pooled(
    outcomes: Sequence[Outcome], above: Callable[[Outcome], float], below: Callable[[Outcome], float]
) -> Statistic:
    """The ratio of two sums over conversations."""
    tops, bottoms = np.array([above(o) for o in outcomes]), np.array([below(o) for o in outcomes])
    return lambda picked: float(tops[picked].sum() / bottoms[picked].sum())
