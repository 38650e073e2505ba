"""Warps: found for voices that were moved, the same for a window as for its recording, then forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import resample_poly

from tests.transcription.engines.speech import call, utterance
from transcription.engines.base import (
    SAMPLE_RATE_HZ,
    Samples,
    SpeechEngineConfig,
    SpeechOptions,
    SpeechWindow,
)
from transcription.engines.cepstra import to_pcm
from transcription.engines.gaussians import log_likelihoods, wheel_gaussians
from transcription.engines.pocketsphinx import PocketSphinxEngine
from transcription.engines.pocketsphinx_utterance import UtteranceDecoder
from transcription.engines.vocal_tract import UNWARPED, WARPS, Warps, estimate

UP, DOWN = Fraction(8, 7), Fraction(8, 9)
"""Beyond the voices that the model knows on both sides."""

tracks = st.lists(st.tuples(st.integers(0, 500), st.sampled_from(WARPS)), max_size=8).map(
    lambda entries: Warps(*zip(*sorted(dict(entries).items()), strict=True)) if entries else UNWARPED
)


@cache
def spoken(segments: int = 8) -> tuple[Samples, str]:
    """The beginning of the call and its words."""
    samples, said = call()
    end = round((said[segments - 1]["end"] + 0.3) * SAMPLE_RATE_HZ)
    return samples[:end], " ".join(word["word"] for part in said[:segments] for word in part["words"])


def moved(samples: Samples, by: Fraction) -> Samples:
    """Pitch, formants and tempo, by that factor."""
    result: Samples = resample_poly(samples, by.denominator, by.numerator).astype(np.float32)
    return result


def found(samples: Samples) -> Warps:
    return estimate(samples, wheel_gaussians(), lambda _: None)


@given(track=tracks, start=st.integers(0, 500), length=st.integers(0, 500))
def test_a_window_has_the_warps_of_its_recording(track: Warps, start: int, length: int) -> None:
    """At each sample of a window its warp is that of the recording there."""
    window = track.within(start, start + length)
    assert [window.at(s) for s in range(length + 1)] == [track.at(start + s) for s in range(length + 1)]


@pytest.mark.parametrize("by", [UP, DOWN])
def test_moved_voices_are_found(by: Fraction) -> None:
    """A recording that is moved by a factor has warps that are moved by it, to two steps on the mean."""
    natural, after = (np.log(found(samples).values) for samples in (spoken()[0], moved(spoken()[0], by)))
    assert abs(natural.mean()) < 2 * np.log(1.03)
    assert abs(after.mean() - natural.mean() - np.log(float(by))) < 2 * np.log(1.03)


@pytest.mark.parametrize("seconds", [0.0, 0.02, 3.0])
def test_silence_has_no_warps(seconds: float) -> None:
    """Where nothing is said nothing is warped, and a sentence too short to have a frame has no likelihood."""
    silence = np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32)
    assert found(silence) == UNWARPED
    assert len(log_likelihoods(to_pcm(silence), WARPS, wheel_gaussians())) == 0


def test_speech_without_pauses_is_looked_at_in_pieces() -> None:
    """Where no pause is found warps follow each other in 10 to 20 s, and leave noise as it is."""
    noise = np.random.default_rng(1).normal(0, 0.1, 35 * SAMPLE_RATE_HZ).astype(np.float32)
    warps = found(noise)
    starts = warps.samples
    assert len(starts) >= 3
    assert max(np.diff([*starts, len(noise)])) <= 20 * SAMPLE_RATE_HZ
    assert starts[-1] < len(noise)
    assert set(warps.values) == {1.0}


def read(decoder: UtteranceDecoder, warp: float) -> list[tuple[str, float, float]]:
    decoder.start()
    decoder.feed(to_pcm(moved(utterance(1)[0], UP)), Warps((0,), (warp,)))
    return [(text, start_s, end_s) for text, start_s, end_s, _ in decoder.finish()]


def test_a_warp_is_forgotten_and_found_again() -> None:
    """What a decoder reads with a warp depends on no warp before, nor on a decoder that was made between."""
    decoder = UtteranceDecoder({})
    natural, high = read(decoder, 1.0), read(decoder, 1.126)
    assert read(decoder, 1.0) == natural
    assert read(UtteranceDecoder({}), 1.0) == natural
    assert read(decoder, 1.126) == high != natural


@pytest.fixture(scope="module")
def engines() -> Iterator[dict[bool, PocketSphinxEngine]]:
    """One that adapts to voices and one that does not."""
    made = {}
    for warps in (True, False):
        options = (("processes", 1), ("answer_timeout_s", 60.0), ("warps", warps))
        made[warps] = PocketSphinxEngine(SpeechEngineConfig("", options=options))
        made[warps].load()
    yield made
    for engine in made.values():
        engine.close()


def errors(engine: PocketSphinxEngine, samples: Samples) -> float:
    hypotheses = engine.transcribe(samples, SpeechOptions(), lambda _: None)
    return jiwer.wer(spoken()[1], " ".join(hypothesis.text for hypothesis in hypotheses))


@pytest.mark.parametrize("by", [UP, DOWN])
def test_a_recording_of_moved_voices_is_read_better(
    engines: dict[bool, PocketSphinxEngine], by: Fraction
) -> None:
    """Of voices that the model does not know fewer than half as many words are wrong as without."""
    samples = moved(spoken()[0], by)
    assert errors(engines[True], samples) < 0.5 * errors(engines[False], samples)


def test_a_recording_of_natural_voices_is_read_no_worse(engines: dict[bool, PocketSphinxEngine]) -> None:
    """Voices that the model knows stay as well read as they were, to three words in a hundred."""
    assert errors(engines[True], spoken()[0]) <= errors(engines[False], spoken()[0]) + 0.03


def test_live_windows_are_not_warped(engines: dict[bool, PocketSphinxEngine]) -> None:
    """What `decode` says of a window is the same whether recordings are adapted to or not."""
    window = SpeechWindow("live", moved(utterance(1)[0], UP), 0.0, is_final=True)
    adapting, plain = (engines[warps].decode([window])[0] for warps in (True, False))
    assert adapting.words == plain.words
