"""Silero's stream: chunking changes nothing, silence and noise are no speech."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcription.audio.files import decode_file
from transcription.audio.vad import FRAME_SAMPLES, SileroVad, silero_path
from transcription.audio.vad_batch import along_batch
from transcription.engines.base import SAMPLE_RATE_HZ, Samples

CALL = Path(__file__).parents[2] / "ambient" / "demo" / "call"


@pytest.fixture(scope="module")
def model() -> SileroVad:
    return SileroVad()


def babble(seconds: float) -> Samples:
    """Bursts of noise: enough to move the model's state about."""
    generator = np.random.default_rng(7)
    count = int(seconds * SAMPLE_RATE_HZ)
    envelope = np.abs(np.sin(np.arange(count) / 3000.0))
    return (generator.normal(0, 0.2, count) * envelope).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 16_000), max_size=12))
def test_chunking_does_not_change_a_probability(model: SileroVad, cuts: list[int]) -> None:
    """However a stream is cut into pushes, the probabilities are the same to the last bit."""
    samples = babble(1.0)
    whole = model.stream().push(samples)
    stream = model.stream()
    pieces = [stream.push(piece) for piece in np.split(samples, sorted(cuts))]
    assert np.array_equal(np.concatenate(pieces), whole)
    assert len(whole) == len(samples) // FRAME_SAMPLES


def test_long_push_equals_short_ones(model: SileroVad) -> None:
    """A push longer than one run of the model is the same as many short ones."""
    samples = babble(20.0)
    stream = model.stream()
    pieces = [stream.push(samples[at : at + 1600]) for at in range(0, len(samples), 1600)]
    assert np.array_equal(np.concatenate(pieces), model.stream().push(samples))


def test_streams_do_not_disturb_each_other(model: SileroVad) -> None:
    """Two streams that share the model answer as if each were alone."""
    samples = babble(1.0)
    alone = model.stream().push(samples)
    first, second = model.stream(), model.stream()
    answers = []
    for at in range(0, len(samples), FRAME_SAMPLES):
        second.push(np.zeros(700, np.float32))
        answers.append(first.push(samples[at : at + FRAME_SAMPLES]))
    assert np.array_equal(np.concatenate(answers), alone)


@pytest.mark.parametrize("level_dbfs", [None, -40.0])
def test_silence_and_noise_are_no_speech(model: SileroVad, level_dbfs: float | None) -> None:
    """In digital silence and in white noise at -40 dBFS no frame reaches the default threshold."""
    count = 10 * SAMPLE_RATE_HZ
    samples = np.zeros(count, np.float32)
    if level_dbfs is not None:
        noise = np.random.default_rng(1).normal(0, 10 ** (level_dbfs / 20), count)
        samples = noise.astype(np.float32)
    assert model.stream().push(samples).max() < 0.5


def test_model_is_found_without_importing_faster_whisper() -> None:
    """The path is a file that exists."""
    assert silero_path().is_file()


def test_words_of_the_shipped_call_are_speech(model: SileroVad) -> None:
    """The middle of nearly every word is above the threshold, and the call's first half second is not."""
    probabilities = model.stream().push(decode_file(CALL.with_suffix(".flac")))
    script = json.loads(CALL.with_suffix(".json").read_text())
    words = [word for segment in script["segments"] for word in segment["words"]]
    middles = [int((word["start"] + word["end"]) / 2 * SAMPLE_RATE_HZ) // FRAME_SAMPLES for word in words]
    assert sum(probabilities[frame] >= 0.5 for frame in middles) >= 0.95 * len(words)
    assert probabilities[: SAMPLE_RATE_HZ // 2 // FRAME_SAMPLES].max() < 0.35


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.tuples(*[st.integers(0, 3_000)] * 3), max_size=8))
def test_streams_side_by_side_answer_as_alone(model: SileroVad, cuts: list[tuple[int, int, int]]) -> None:
    """However many streams are pushed together, with whatever lengths, each answers as it does alone."""
    wholes = [np.roll(babble(0.5), shift) for shift in (0, 1234, 5000)]
    streams = [model.stream() for _ in wholes]
    answers: list[list[Samples]] = [[] for _ in wholes]
    places = [0, 0, 0]
    for lengths in [*cuts, (len(wholes[0]),) * 3]:
        taking = [index for index, length in enumerate(lengths) if length]
        pushes = [(streams[k], wholes[k][places[k] : places[k] + lengths[k]]) for k in taking]
        for k, answer in zip(taking, model.push_all(pushes) if pushes else [], strict=True):
            answers[k].append(answer)
            places[k] += lengths[k]
    for whole, pieces in zip(wholes, answers, strict=True):
        np.testing.assert_allclose(np.concatenate(pieces), model.stream().push(whole), atol=1e-5)


def test_the_shipped_model_can_run_along_streams() -> None:
    """The file in the wheel is the one that the patch was written for; any other is left as it is."""
    assert along_batch(silero_path()) is not None


def test_another_model_is_left_alone(tmp_path: Path) -> None:
    """A file that has not exactly those bytes is not patched."""
    other = tmp_path / "other.onnx"
    other.write_bytes(silero_path().read_bytes().replace(b"perm", b"prem"))
    assert along_batch(other) is None
