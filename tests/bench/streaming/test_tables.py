"""The table holds ours to its targets, and says what it measured."""

from __future__ import annotations

from dataclasses import replace

from bench.report import Figure
from bench.streaming import tables
from bench.streaming.contenders import AGREEMENT, CONTENDERS, FIXED, OURS
from bench.streaming.curves import Curve
from bench.streaming.measure import Outcome

SAMPLE = Outcome(
    words=100, errors=5, baseline_errors=5, doubled=0, lost_at_cuts=0, lost=0, last_expected=5, last_there=5,
    stable_chars=500, stable_changed=0, stable_moved=5, latencies_s=(0.5, 1.0), audio_s=60.0, work_s=300.0,
    engine_s=20.0, decodes=100, losses=0, core_s=0.05, speech_s=50.0,
)  # fmt: skip


def results(ours: Outcome, other: Outcome) -> tables.Results:
    made = {OURS: ours, AGREEMENT: other, FIXED: other}
    curves = {
        name: Curve({
            s: [replace(one, work_s=one.work_s / s, latencies_s=tuple(s * x for x in one.latencies_s))] * 3
            for s in CONTENDERS[name].intervals_s
        })
        for name, one in made.items()
    }  # fmt: skip
    return tables.Results({name: [one] * 3 for name, one in made.items()}, curves, seed=1)


def named(figures: list[Figure], what: str) -> Figure:
    (found,) = [figure for figure in figures if figure.what == what]
    return found


def test_what_is_as_good_as_it_must_be() -> None:
    """Ours without a fault, the others with some: every target is reached, differences have intervals."""
    figures = tables.quality(results(SAMPLE, replace(SAMPLE, errors=9)))
    assert all(figure.reached is not False for figure in figures)
    difference = named(figures, f"WER, ours minus {AGREEMENT}")
    assert (difference.value, difference.interval) == (-4.0, (-4.0, -4.0))
    assert named(figures, "stable characters that a cut moved to the next segment, ours").value == 1.0


def test_what_is_not() -> None:
    """Words doubled, lost, changed though stable, missing at the end, and more errors are each marked."""
    worse = replace(SAMPLE, errors=9, doubled=1, lost_at_cuts=1, last_there=4, stable_changed=50)
    figures = tables.quality(results(worse, SAMPLE))
    assert sum(figure.reached is False for figure in figures) == 7


def test_latency_at_equal_work_and_work_at_equal_latency() -> None:
    """Ours is read off its curve at the other's work and at its latency, and held to half of it."""
    slow = replace(SAMPLE, latencies_s=(3.0, 4.0))
    figures = tables.latency(results(SAMPLE, slow))
    assert named(figures, "engine work of LocalAgreement-2 at 1 s").value == 5.0
    assert named(figures, "word emission latency, mean, ours at equal engine work").value == 0.75
    assert named(figures, "word emission latency, mean, ours ÷ its").reached
    assert named(figures, "engine work at equal mean latency, ours ÷ its").value == 0.5
    as_slow = tables.latency(results(SAMPLE, SAMPLE))
    assert not named(as_slow, "word emission latency, mean, ours ÷ its").reached


def test_costs_and_inventions() -> None:
    """CPU is counted per second of speech with the VAD's, growth in either direction; only ours is held to no
    words, and only where the sound is stationary."""
    costs = tables.costs([SAMPLE] * 2, vad_cpu_s=0.2, held_bytes=(3_000_000, 1_500_000), minutes=60)
    assert named(costs, "CPU of core and VAD per second of speech").value == 3.0
    assert named(costs, "growth in between").reached is False
    words = {("e", OURS, "hum"): 0, ("e", OURS, "babble"): 3, ("e", FIXED, "hum"): 3}
    assert [figure.reached for figure in tables.invented(words, 120.0)] == [True, None, None]
