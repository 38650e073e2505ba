"""Whole recordings through the streaming core: every word once, however long nobody pauses."""

from __future__ import annotations

import numpy as np
import pytest

from tests.transcription.engines.speech import call
from transcription.engines.base import (
    SAMPLE_RATE_HZ,
    Hypothesis,
    HypothesisSegment,
    SpeechOptions,
    SpeechWindow,
)
from transcription.engines.longform import transcribe_by_utterances
from transcription.errors import EngineFailed
from transcription.models import Word


class TrueWords:
    """Says the words of the call that lie in the window; fails on demand."""

    def __init__(self, *, fail: bool = False) -> None:
        self._words = [
            Word(word["word"], word["start"], word["end"])
            for segment in call()[1]
            for word in segment["words"]
        ]
        self._fail = fail
        self.asked: list[SpeechWindow] = []

    def decode(self, windows: list[SpeechWindow]) -> list[Hypothesis]:
        (window,) = windows
        self.asked.append(window)
        if self._fail:
            raise EngineFailed("true words", "on demand", retryable=False)
        end_s = window.offset_s + window.duration_s
        words = tuple(w for w in self._words if w.start_s >= window.offset_s and w.end_s <= end_s)
        if not words:
            return [Hypothesis(())]
        text = " ".join(word.text for word in words)
        return [Hypothesis((HypothesisSegment(words[0].start_s, words[-1].end_s, text, words),), "en")]


def test_every_word_once_and_in_order() -> None:
    """The words of the call come out as they went in, their times on the recording's clock."""
    engine = TrueWords()
    progress: list[float] = []
    options = SpeechOptions(language="en", prompt="A clinic.")
    hypotheses = list(transcribe_by_utterances(engine, call()[0], options, progress.append))
    spoken = [word for hypothesis in hypotheses for word in hypothesis.words]
    said = [word for segment in call()[1] for word in segment["words"]]
    assert [word.text for word in spoken] == [word["word"] for word in said]
    assert [word.start_s for word in spoken] == pytest.approx([word["start"] for word in said], abs=0.05)
    assert len(hypotheses) > 5
    assert progress[-1] == 1.0
    assert engine.asked[0].options.prompt == "A clinic."


@pytest.mark.parametrize("seconds", [0.0, 0.01, 3.0])
def test_silence_is_not_asked_for(seconds: float) -> None:
    """A recording in which nobody speaks gives nothing and costs the engine nothing."""
    engine = TrueWords()
    samples = np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32)
    progress: list[float] = []
    assert list(transcribe_by_utterances(engine, samples, SpeechOptions(), progress.append)) == []
    assert engine.asked == []
    assert progress[-1] == 1.0


def test_an_engine_that_breaks_is_heard_of() -> None:
    """What the engine raises reaches the caller; no utterance is passed over in silence."""
    with pytest.raises(EngineFailed):
        list(transcribe_by_utterances(TrueWords(fail=True), call()[0], SpeechOptions(), lambda _: None))
