"""Nothing is said where nothing is: a minute of silence and a minute of white noise at -40 dBFS."""

from __future__ import annotations

import numpy as np
from rich.console import Console

from bench.report import Figure, exactly
from transcription.engines.base import SAMPLE_RATE_HZ, Samples, SpeechEngineConfig
from transcription.engines.registry import make_speech_engine
from transcription.streaming import StreamConfig, StreamingSession

DURATION_S = 60
NOISE_DBFS = -40.0


def words_in(samples: Samples) -> int:
    engine = make_speech_engine("pocketsphinx", SpeechEngineConfig(model="en-us"))
    engine.load()
    try:
        session = StreamingSession(StreamConfig(language="en"), engine)
        session.start()
        for seq, start in enumerate(range(0, len(samples), SAMPLE_RATE_HZ // 10)):
            session.process_audio(samples[start : start + SAMPLE_RATE_HZ // 10], seq=seq)
        session.stop()
        return len(session.get_transcript().text.split())
    finally:
        engine.close()


def run(console: Console) -> list[Figure]:
    console.print("[dim]· silence and noise[/]")
    noise = np.random.default_rng(7).standard_normal(DURATION_S * SAMPLE_RATE_HZ).astype(np.float32)
    noise *= 10 ** (NOISE_DBFS / 20) / np.sqrt(np.mean(noise**2))
    silence = np.zeros(DURATION_S * SAMPLE_RATE_HZ, np.float32)
    return [
        exactly(f"words in {DURATION_S} s of silence", words_in(silence), "", 0),
        exactly(f"words in {DURATION_S} s of white noise at {NOISE_DBFS:.0f} dBFS", words_in(noise), "", 0),
    ]
