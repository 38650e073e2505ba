"""What the VAD and the energy gate let through: quiet speech whole, and nothing where nobody speaks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ambient import demo
from transcription.audio.files import decode_file
from transcription.audio.vad import SileroVad
from transcription.engines.base import SAMPLE_RATE_HZ, Hypothesis, Samples
from transcription.streaming.core import StreamingCore
from transcription.streaming.events import DecodeRequest

_CALL = Path(demo.__file__).parent / "call"
_STEP = SAMPLE_RATE_HZ // 10
_NOISE_S = 20
_AT_S = np.arange(_NOISE_S * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ


def finals_asked(samples: Samples) -> list[DecodeRequest]:
    """Every final window that the core asks for."""
    core, vad = StreamingCore(), SileroVad().stream()
    asked: list[DecodeRequest] = []

    def answer() -> None:
        while (request := core.next_decode(0.0)) is not None:
            if request.is_final:
                asked.append(request)
            core.accept(request.id, Hypothesis(()), 0.0)

    for start in range(0, len(samples), _STEP):
        piece = samples[start : start + _STEP]
        core.push_audio(piece, 0.0)
        core.push_speech([float(p) for p in vad.push(piece)], 0.0)
        answer()
    core.finish(0.0)
    answer()
    assert core.done
    return asked


@pytest.mark.parametrize("attenuation_db", [0.0, 20.0])
def test_quiet_speech_is_heard_whole(attenuation_db: float) -> None:
    """Every word of the shipped call lies in a final window, at its level and 20 dB below it."""
    with _CALL.with_suffix(".flac").open("rb") as recording:
        samples = decode_file(recording)
    windows = finals_asked((samples * 10 ** (-attenuation_db / 20)).astype(np.float32))
    spans_s = [(w.start_sample / SAMPLE_RATE_HZ, w.end_sample / SAMPLE_RATE_HZ) for w in windows]
    call = json.loads(_CALL.with_suffix(".json").read_text())
    missed = [
        word["word"]
        for segment in call["segments"]
        for word in segment["words"]
        if not any(start_s <= word["start"] and word["end"] <= end_s for start_s, end_s in spans_s)
    ]
    assert missed == []


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(len(_AT_S)),
        np.random.default_rng(1).normal(0.0, 10 ** (-40 / 20), len(_AT_S)),
        np.random.default_rng(2).normal(0.0, 10 ** (-20 / 20), len(_AT_S)),
        0.1 * np.sin(2 * np.pi * 50 * _AT_S) + 0.03 * np.sin(2 * np.pi * 150 * _AT_S),
        np.sin(2 * np.pi * 440 * _AT_S) * 0.1,
    ],
    ids=["silence", "quiet white noise", "loud white noise", "mains hum", "a tone"],
)
def test_stationary_noise_is_not_asked_of_an_engine(sound: npt.NDArray[np.float64]) -> None:
    """Where nobody speaks and nothing changes, no window is decoded, so no word can be invented."""
    assert finals_asked(sound.astype(np.float32)) == []
