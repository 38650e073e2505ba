"""The table of a load test: each row of it is a load, and what is to be reached is said beside it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bench.load.outcome import Session
from bench.load.rows import Result
from bench.report import Figure, at_least, at_most, exactly

EMISSION_P95_S = 1.0
OVERHEAD_P95_MS = 60.0
CPU_MS = 12.0
WEB_MB = 1.0
LAG_S = 3.0
"""Where the live protocols begin to warn of it."""
FLAT_MB = 0.1
"""Of a session, from the first to the last third of the steady time; its row, counters and figures grow
too."""


def percentile(values: Iterable[float], percent: float) -> float:
    known = list(values)
    return float(np.percentile(known, percent)) if known else float("nan")


def said_and_lost(result: Result) -> list[Figure]:
    """Every session came to its end, and the finals have every word once."""
    sessions = result.sessions
    return [
        Figure("sessions", len(sessions), ""),
        exactly("sessions that failed", sum(bool(one.failure) for one in sessions), "", 0),
        Figure("words said", sum(one.words_said for one in sessions), ""),
        exactly("words lost", sum(len(one.lost) for one in sessions), "", 0),
        exactly("words doubled", sum(len(one.doubled) for one in sessions), "", 0),
    ]


def pace(result: Result) -> list[Figure]:
    """What stands beside every latency: how much was said, and how often it was decoded."""
    sessions = result.sessions
    spoken_s = sum(one.spoken_s for one in sessions)
    return [
        Figure("duty: part of the time that a side speaks", 100 * spoken_s / _audio_s(sessions), "%"),
        Figure("from one partial to the next while it speaks", _interval_s(result), "s"),
        Figure("finals a minute and session", 60 * _finals(sessions) / _audio_s(sessions), ""),
    ]


def latencies(result: Result) -> list[Figure]:
    emission = [figure for one in result.sessions for _, figure in one.emission_s]
    return [
        Figure("word emission latency, p50", percentile(emission, 50), "s"),
        at_most("word emission latency, p95", percentile(emission, 95), "s", EMISSION_P95_S),
    ]


def costs(result: Result) -> list[Figure]:
    """Processor time and memory while all sessions were there."""
    cpu = result.cpu_ms_per_audio_s()
    named = [
        Figure(f"CPU of {name} per second of a session's audio", cpu[name], "ms")
        for name in ("web", "live", "redis", "postgres", "batch", "beat", "clients")
    ]
    return [
        *named,
        Figure("CPU of the scripted engine, within the live worker's", result.engine_ms_per_audio_s, "ms"),
        Figure("web process memory a session", result.web_mb_a_session(), "MB"),
        Figure("a client's frame was late by at most", 1000 * max(s.late_s for s in result.sessions), "ms"),
    ]


def many(result: Result) -> list[Figure]:
    return [*said_and_lost(result), *latencies(result), *pace(result), *costs(result)]


def overloaded(result: Result, calm: Result) -> list[Figure]:
    """Three times as many as `calm`: what is given up is partials."""
    sessions = result.sessions
    early, late = (percentile(_lags_in(result, third), 95) for third in (0, 2))
    return [
        *said_and_lost(result),
        at_most("end of a final's text → the final, p95", percentile(_lags_in(result), 95), "s", LAG_S),
        at_most("the same, last third of the time minus first", late - early, "s", 1.0),
        at_least("partials left out, of those at a third of the load", _left_out(result, calm), "%", 1.0),
        at_most(
            "web process memory, growth a session", result.growth_mb("web") / len(sessions), "MB", FLAT_MB
        ),
        at_most("live worker memory, growth", result.growth_mb("live"), "MB", FLAT_MB * len(sessions)),
        Figure("word emission latency, p50", percentile(_emissions(sessions), 50), "s"),
        Figure("word emission latency, p95", percentile(_emissions(sessions), 95), "s"),
        *pace(result),
        *costs(result),
    ]


def lean(result: Result) -> list[Figure]:
    overhead = [figure for one in result.sessions for _, figure in one.overhead_ms]
    return [
        *said_and_lost(result),
        Figure("path overhead, p50", percentile(overhead, 50), "ms"),
        at_most("path overhead, p95", percentile(overhead, 95), "ms", OVERHEAD_P95_MS),
        at_most("web process memory a session", result.web_mb_a_session(), "MB", WEB_MB),
        at_most(
            "CPU of the server without its engine, per second of a session's audio",
            result.server_cpu_ms(),
            "ms",
            CPU_MS,
        ),
        *latencies(result),
        *pace(result),
        *costs(result),
    ]


def _audio_s(sessions: list[Session]) -> float:
    return sum(one.audio_s for one in sessions)


def _finals(sessions: list[Session]) -> int:
    return sum(len(one.finals) for one in sessions)


def _interval_s(result: Result) -> float:
    partials = sum(one.partials for one in result.sessions)
    return sum(one.spoken_s for one in result.sessions) / max(1, partials)


def _left_out(result: Result, calm: Result) -> float:
    return 100 * (1 - _interval_s(calm) / _interval_s(result))


def _emissions(sessions: list[Session]) -> list[float]:
    return [figure for one in sessions for _, figure in one.emission_s]


def _lags_in(result: Result, third: int | None = None) -> list[float]:
    from_s, until_s = result.steady
    if third is not None:
        length_s = (until_s - from_s) / 3
        from_s, until_s = from_s + third * length_s, from_s + (third + 1) * length_s
    return [
        figure for one in result.sessions for at_s, figure in one.final_delay_s if from_s <= at_s <= until_s
    ]
