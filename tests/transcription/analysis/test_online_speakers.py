"""Provisional speakers: labels in order of first speech, from voices that are like themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.analysis.diarization.clustering import MAX_SPEAKERS
from transcription.analysis.diarization.online import FOUNDS_S, OnlineSpeakers, Voice, can_embed, voice_of


def voice(person: int, nuance: int = 0) -> Voice:
    """Unlike every other person's, and a little unlike itself."""
    vector = np.zeros(64, np.float32)
    vector[person] = 1.0
    vector[20 + nuance] = 0.3
    unit: Voice = vector / np.float32(np.linalg.norm(vector))
    return unit


@given(st.lists(st.tuples(st.integers(0, MAX_SPEAKERS - 1), st.integers(0, 9)), max_size=40))
def test_everybody_keeps_a_label(spoken: list[tuple[int, int]]) -> None:
    """Whoever speaks long enough each time has one label, in order of first speech."""
    speakers = OnlineSpeakers()
    labels = [speakers.label(voice(person, nuance), 2.0) for person, nuance in spoken]
    order = list(dict.fromkeys(person for person, _ in spoken))
    assert labels == [f"SPEAKER_{order.index(person):02d}" for person, _ in spoken]


@given(st.lists(st.tuples(st.integers(0, 19), st.floats(0.1, 15.0)), max_size=60))
def test_there_are_never_more_than_can_be_told_apart(spoken: list[tuple[int, float]]) -> None:
    """However many speak, a label is one of the first few."""
    speakers = OnlineSpeakers()
    labels = {speakers.label(voice(person), speech_s) for person, speech_s in spoken}
    assert labels <= {f"SPEAKER_{number:02d}" for number in range(MAX_SPEAKERS)}


def test_a_short_word_founds_no_speaker() -> None:
    """It goes to the likeliest that is known; the first of all has to be somebody."""
    speakers = OnlineSpeakers()
    assert speakers.label(voice(0), FOUNDS_S / 3) == "SPEAKER_00"
    assert speakers.label(voice(1), FOUNDS_S / 3) == "SPEAKER_00"
    assert speakers.label(voice(1), FOUNDS_S) == "SPEAKER_01"


def test_labels_of_before_are_not_given_again() -> None:
    """Another process may have named people whose voices are not known here."""
    assert OnlineSpeakers(known=2).label(voice(0), 2.0) == "SPEAKER_02"


@pytest.mark.skipif(not can_embed(), reason="the weights' carrier is not installed")
def test_a_voice_is_a_direction() -> None:
    """The same sound twice is the same unit vector, however loud; nothing can be told of an instant."""
    hum = np.sin(np.cumsum(0.05 + 0.02 * np.sin(np.arange(32_000) / 900))).astype(np.float32)
    first, louder = voice_of(hum * 0.1), voice_of(hum * 0.5)
    assert first is not None
    assert louder is not None
    assert np.linalg.norm(first) == pytest.approx(1.0, abs=1e-5)
    assert float(first @ louder) > 0.999
    assert voice_of(hum[:800]) is None
