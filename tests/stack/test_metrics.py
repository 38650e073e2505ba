"""`/metrics` of the real stack: web process, threads, children of a pool and beat count together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ambient.metrics import shown_names
from ambient.stack.stack import Stack
from tests.stack.conftest import gap_after, talk, until
from tests.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(stack: Stack) -> Series:
    text = httpx.get(f"{stack.address}/metrics", timeout=10).raise_for_status().text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    assert {sample.name for sample in samples} <= shown_names()
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}


def total(series: Series, name: str, **labels: str) -> float:
    return sum(v for (n, given), v in series.items() if n == name and set(labels.items()) <= set(given))


def test_one_scrape_tells_of_every_process(
    stack: Stack, call_pcm: bytes, finished: Callable[[str], dict[str, Any]]
) -> None:
    """After a talk: what the web process took, the live worker decoded, and the pool's children analysed."""
    before = scrape(stack)
    pcm = until(call_pcm, gap_after(2))
    heard = asyncio.run(talk(stack, pcm))
    conversation = finished(heard.of("session_ended")[0]["conversation_id"])
    ran = [stage for stage in conversation["run"]["stages"] if stage["status"] == "succeeded"]

    def grown(name: str, **labels: str) -> float:
        return total(scrape(stack), name, **labels) - total(before, name, **labels)

    def all_counted() -> bool:
        names = [stage["name"] for stage in ran]
        return all(grown("ambient_stages_total", stage=n, outcome="succeeded") >= 1 for n in names)

    wait_for(all_counted, timeout_s=10, what="the stages among the metrics")
    assert grown("ambient_audio_bytes_total") == len(pcm)
    assert grown("ambient_sessions_opened_total") == 1
    assert grown("ambient_sessions_ended_total", reason="end_session") == 1
    assert grown("ambient_final_latency_seconds_count") == len(heard.finals)
    assert grown("ambient_engine_call_seconds_count") > 0
    assert grown("ambient_vad_batch_streams_count") > 0
    now = scrape(stack)
    assert total(now, "ambient_queue_workers", queue="live") == 1
    assert total(now, "ambient_up") == 3
    assert total(now, "ambient_sweep_age_seconds", sweep="sweep_runs") < 60
