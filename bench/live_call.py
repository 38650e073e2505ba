"""The shipped call through the whole path at the speed of speech, with the embedded recogniser.

Its words are compared with those of the same engine given the true utterances one by one, in this same run,
and its times with the true times of the call.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ambient import demo
from ambient.stack.stack import Stack
from bench.report import Figure, at_least, at_most
from bench.stacks import running_stack
from bench.words import (
    Shown,
    emission_latencies_s,
    final_latencies_s,
    first_word_latencies_s,
    folded,
    true_words,
    word_error_rate,
)
from sessions.client import LiveClient
from transcription.audio.files import decode_file
from transcription.engines.base import (
    SAMPLE_RATE_HZ,
    Samples,
    SpeechEngineConfig,
    SpeechOptions,
    SpeechWindow,
)
from transcription.engines.registry import make_speech_engine

LAST_WORDS = 5
CALL = Path(demo.__file__).parent / "call"


def load_call() -> tuple[Samples, dict[str, Any]]:
    with CALL.with_suffix(".flac").open("rb") as recording:
        return decode_file(recording), json.loads(CALL.with_suffix(".json").read_text())


async def stream(stack: Stack, samples: Samples) -> list[Shown]:
    """Every transcript message, timed on the audio clock of the speaker."""
    pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    shown: list[Shown] = []
    url = stack.address.replace("http", "ws", 1) + "/ws/transcribe"
    async with LiveClient(url, token=stack.key, interim_results=True, language="en") as client:
        started = 0.0
        speaking: asyncio.Task[None] | None = None
        async for message in client:
            if message["type"] == "connected":
                started = time.monotonic()
                speaking = asyncio.create_task(client.send_at_speed_of_speech(pcm))
            elif message["type"] == "transcript":
                shown.append(
                    Shown(
                        at_s=time.monotonic() - started,
                        segment_id=message["segment_id"],
                        text=message["text"],
                        is_final=message["is_final"],
                        start_s=message["start_time"],
                        end_s=message["end_time"],
                        timed=tuple((w["word"], w["start"]) for w in message["segments"][0]["words"]),
                    )
                )
        if speaking is not None:
            await speaking
    return shown


def utterance_by_utterance(samples: Samples, call: dict[str, Any]) -> list[str]:
    """The same engine, given each true utterance by itself (with a quarter second around it)."""
    engine = make_speech_engine("pocketsphinx", SpeechEngineConfig(model="en-us"))
    engine.load()
    heard: list[str] = []
    try:
        for index, segment in enumerate(call["segments"]):
            start = max(0, int((segment["start"] - 0.25) * SAMPLE_RATE_HZ))
            window = SpeechWindow(
                utterance_key=f"bench:{index}",
                samples=samples[start : int((segment["end"] + 0.25) * SAMPLE_RATE_HZ)],
                offset_s=start / SAMPLE_RATE_HZ,
                is_final=True,
                options=SpeechOptions(language="en"),
            )
            heard += folded(engine.decode([window])[0].text)
    finally:
        engine.close()
    return heard


def run(console: Console) -> list[Figure]:
    samples, call = load_call()
    console.print(f"[dim]· the shipped call at the speed of speech ({call['duration_s']:.0f} s)[/]")
    with running_stack(AMBIENT_LIVE_ENGINE="pocketsphinx", AMBIENT_BATCH_ENGINE="pocketsphinx") as stack:
        shown = asyncio.run(stream(stack, samples))
    truth = true_words(call)
    said = [word.text for word in truth]
    streamed = [word for message in shown if message.is_final for word in message.words]
    one_by_one = utterance_by_utterance(samples, call)
    baseline, live = word_error_rate(said, one_by_one), word_error_rate(said, streamed)
    last_there = sum(a == b for a, b in zip(one_by_one[-LAST_WORDS:], streamed[-LAST_WORDS:], strict=False))
    first = [1000 * s for s in first_word_latencies_s(call, shown)]
    final = [1000 * s for s in final_latencies_s(call, shown)]
    emission = [1000 * s for s in emission_latencies_s(truth, shown)]
    return [
        Figure("WER, the true utterances one by one", baseline, "%"),
        Figure("WER, streamed", live, "%"),
        at_most("WER difference", live - baseline, "points", 2),
        at_least("last five words there", last_there, "", LAST_WORDS),
        at_most(
            "end of an utterance's first word → first message that has it, p50",
            statistics.median(first),
            "ms",
            500,
        ),
        Figure("utterances counted", len(first), ""),
        at_most("end of speech → final, p50", statistics.median(final), "ms", 900),
        at_most("word emission latency, mean", statistics.mean(emission), "ms", 700),
        Figure("word emission latency, p95", float(np.percentile(emission, 95)), "ms"),
        Figure("words counted", len(emission), f"of {len(truth)}"),
    ]
