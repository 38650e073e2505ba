"""The counters of a session."""

from __future__ import annotations

from hypothesis import given

from tests.transcription.streaming.talks import talks, told
from transcription.streaming import StreamChunk, StreamEventType, StreamMetrics


def test_report_of_an_idle_session_invents_nothing() -> None:
    """No time and no audio: counts are 0, rates are None."""
    report = StreamMetrics(clock=lambda: 5.0).report()
    assert {name for name, value in report.items() if value is None} == {
        "chunks_per_s", "engine_work", "real_time_factor", "llm_calls_per_min",
    }  # fmt: skip
    assert not any(value for value in report.values())


def test_rates_follow_from_the_counts() -> None:
    """By the clock that was given, and per second of audio."""
    times = iter([10.0, 40.0])
    metrics = StreamMetrics(clock=lambda: next(times))
    metrics.record_chunk(audio_s=2.0)
    metrics.record_chunk(audio_s=2.0)
    metrics.record_decode(6.0, engine_ms=1000.0)
    metrics.record_failed_decode()
    metrics.record_llm_call()
    report = metrics.report()
    assert (report["elapsed_s"], report["chunks_per_s"], report["llm_calls_per_min"]) == (30.0, 2 / 30, 2.0)
    assert (report["engine_work"], report["real_time_factor"], report["decodes_failed"]) == (1.5, 0.25, 1)


@given(talks())
def test_a_session_counts_its_events(chunks: list[StreamChunk]) -> None:
    """What the counters say is what went in and came out."""
    session, events = told(chunks)
    report = session.metrics.report()
    kinds = [event.type for event in events]
    assert report["chunks"] == len(chunks) == report["segments_partial"]
    assert report["segments_finalized"] == kinds.count(StreamEventType.FINAL_SEGMENT)
    assert report["turns_final"] == len(session.snapshot().turns)
