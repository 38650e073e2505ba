"""The table of what ours must reach, out of outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bench.report import Figure, at_least, at_most, exactly
from bench.streaming.contenders import AGREEMENT, CONTENDERS, FIXED, OURS
from bench.streaming.curves import Curve, Picked, Statistic, bootstrap, everything, pooled
from bench.streaming.measure import Outcome
from bench.streaming.sounds import STATIONARY

MOST_OVER_BASELINE_POINTS = 0.5
MOST_CHANGED_PERCENT = 1.0
MOST_OF_THE_OTHER = 0.5
MOST_CPU_MS = 6.0
MOST_GROWTH_MB = 1.0
MAIN = (OURS, AGREEMENT, FIXED)


@dataclass(frozen=True, slots=True)
class Results:
    """Of one engine: `own`: every conversation, each contender at its own interval; `curves`: at all of them,
    over some of the conversations."""

    own: Mapping[str, Sequence[Outcome]]
    curves: Mapping[str, Curve]
    seed: int


def total(outcomes: Sequence[Outcome], name: str) -> float:
    return float(sum(getattr(outcome, name) for outcome in outcomes))


def quality(results: Results) -> list[Figure]:
    """WER of the finals, and what was doubled, lost or changed."""
    ours = results.own[OURS]
    count = len(ours)
    over = {
        name: pooled(outcomes, lambda o: 100 * (o.errors - o.baseline_errors), lambda o: o.words)
        for name, outcomes in results.own.items()
    }
    baseline = 100 * total(ours, "baseline_errors") / total(ours, "words")
    figures = [
        Figure("audio", total(ours, "audio_s") / 60, "min"),
        Figure("WER, the true utterances one by one", baseline, "%"),
    ]
    for name in MAIN:
        value = over[name](everything(count))
        interval = bootstrap(over[name], count, seed=results.seed)
        what = f"WER of finals minus that, {name}"
        figure = (
            at_most(what, value, "points", MOST_OVER_BASELINE_POINTS) if name == OURS
            else Figure(what, value, "points")
        )  # fmt: skip
        figures.append(replace(figure, interval=interval))
    for name in (AGREEMENT, FIXED):
        difference = _difference(over[OURS], over[name])
        value = difference(everything(count))
        figures.append(
            Figure(
                f"WER, ours minus {name}", value, "points", "< 0", value < 0,
                bootstrap(difference, count, seed=results.seed),
            )
        )  # fmt: skip
    stable = max(1.0, total(ours, "stable_chars"))
    changed, moved = (100 * total(ours, name) / stable for name in ("stable_changed", "stable_moved"))
    figures += [
        at_most("stable characters that a final changed, ours", changed, "%", MOST_CHANGED_PERCENT),
        Figure("stable characters that a cut moved to the next segment, ours", moved, "%"),
    ]
    for what, field in (("doubled", "doubled"), ("lost at cuts", "lost_at_cuts")):
        figures.append(exactly(f"words {what}, ours", total(ours, field), "", 0))
        figures += [
            Figure(f"words {what}, {name}", total(results.own[name], field), "")
            for name in (AGREEMENT, FIXED)
        ]
    for name in MAIN:
        outcomes = results.own[name]
        recall = 100 * total(outcomes, "last_there") / total(outcomes, "last_expected")
        what = f"last-five-words recall, {name}"
        figures.append(at_least(what, recall, "%", 100) if name == OURS else Figure(what, recall, "%"))
    return figures


def latency(results: Results) -> list[Figure]:
    """Ours against LocalAgreement-2 at the interval of its own, at equal work and at equal latency."""
    ours, other = results.curves[OURS], results.curves[AGREEMENT]
    own = Curve({CONTENDERS[AGREEMENT].own_s: other.by_interval[CONTENDERS[AGREEMENT].own_s]})
    count = len(next(iter(own.by_interval.values())))
    whole = everything(count)
    ((work, mean_s),) = own.points(whole)
    figures = [
        Figure("engine work of LocalAgreement-2 at 1 s", work, "s decoded per s"),
    ]
    for what, percent in (("mean", None), ("p95", 95.0)):
        its_s = own.points(whole, percent)[0][1]
        ours_s = ours.latency_at(work, whole, percent)

        def ratio(picked: Picked, percent: float | None = percent) -> float:
            ((its_work, seconds),) = own.points(picked, percent)
            return ours.latency_at(its_work, picked, percent) / seconds

        figures += [
            Figure(f"word emission latency, {what}, LocalAgreement-2", its_s, "s"),
            Figure(f"word emission latency, {what}, ours at equal engine work", ours_s, "s"),
            replace(
                at_most(f"word emission latency, {what}, ours ÷ its", ratio(whole), "", MOST_OF_THE_OTHER),
                interval=bootstrap(ratio, count, seed=results.seed),
            ),
        ]

    def work_ratio(picked: Picked) -> float:
        ((its_work, seconds),) = own.points(picked)
        return ours.work_at(seconds, picked) / its_work

    figures += [
        Figure("engine work, ours at equal mean latency (at most)", ours.work_at(mean_s, whole), "s per s"),
        replace(
            at_most(
                "engine work at equal mean latency, ours ÷ its", work_ratio(whole), "", MOST_OF_THE_OTHER
            ),
            interval=bootstrap(work_ratio, count, seed=results.seed),
        ),
    ]
    return figures


def _difference(one: Statistic, other: Statistic) -> Statistic:
    return lambda picked: one(picked) - other(picked)


def points(results: Results) -> list[dict[str, float | str]]:
    """Every contender at every interval: a row each."""
    rows: list[dict[str, float | str]] = []
    for name, curve in results.curves.items():
        for interval_s, outcomes in sorted(curve.by_interval.items()):
            single = Curve({interval_s: outcomes})
            whole = everything(len(outcomes))
            ((work, mean_s),) = single.points(whole)
            rows.append(
                {
                    "policy": name,
                    "interval_s": interval_s,
                    "work": round(work, 3),
                    "latency_mean_s": round(mean_s, 3),
                    "latency_p95_s": round(single.points(whole, 95.0)[0][1], 3),
                    "engine_busy": round(total(outcomes, "engine_s") / total(outcomes, "audio_s"), 3),
                    "stable_changed": round(
                        100 * total(outcomes, "stable_changed") / max(1.0, total(outcomes, "stable_chars")), 3
                    ),
                    "wer_over_baseline": round(
                        100 * (total(outcomes, "errors") - total(outcomes, "baseline_errors"))
                        / total(outcomes, "words"), 3,
                    ),
                }
            )  # fmt: skip
    return rows


def costs(
    ours: Sequence[Outcome], *, vad_cpu_s: float, held_bytes: tuple[int, int], minutes: int
) -> list[Figure]:
    speech_s = total(ours, "speech_s")
    core_ms, vad_ms = 1000 * total(ours, "core_s") / speech_s, 1000 * vad_cpu_s / speech_s
    early, late = (held / 1e6 for held in held_bytes)
    return [
        Figure("CPU of the VAD per second of speech", vad_ms, "ms"),
        Figure("CPU of the core per second of speech", core_ms, "ms"),
        at_most("CPU of core and VAD per second of speech", core_ms + vad_ms, "ms", MOST_CPU_MS),
        Figure("memory of a session, most in the first minute", early, "MB"),
        Figure(f"memory of a session, most in the last of {minutes} min", late, "MB"),
        at_most("growth in between", abs(late - early), "MB", MOST_GROWTH_MB),
    ]


def invented(words: Mapping[tuple[str, str, str], int], duration_s: float) -> list[Figure]:
    """`words`: by engine, policy and sound."""
    figures: list[Figure] = []
    for (engine, policy, sound), count in words.items():
        what = f"words in {duration_s:.0f} s of {sound}, {policy} ({engine})"
        held_to = policy == OURS and sound in STATIONARY
        figures.append(exactly(what, count, "", 0) if held_to else Figure(what, count, ""))
    return figures
