"""The scripted engine says what it was told, or counts what it hears, the same for the same window."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.engines.base import SAMPLE_RATE_HZ, SpeechEngineConfig, SpeechOptions, SpeechWindow
from transcription.engines.scripted import ScriptedEngine
from transcription.errors import EngineUnavailable

SCRIPT = (("good", 1.0, 1.4), ("morning", 1.5, 2.0), ("everybody", 3.0, 3.6))


def engine(**options: Any) -> ScriptedEngine:
    made = ScriptedEngine(SpeechEngineConfig("", options=tuple(options.items())))
    made.load()
    return made


def window(start_s: float, end_s: float, *, is_final: bool, level: float = 0.1) -> SpeechWindow:
    samples = np.full(round((end_s - start_s) * SAMPLE_RATE_HZ), level, np.float32)
    return SpeechWindow("u", samples, start_s, is_final)


def texts(made: ScriptedEngine, asked: SpeechWindow) -> list[str]:
    (hypothesis,) = made.decode([asked])
    return [word.text for word in hypothesis.words]


def test_words_within_the_window() -> None:
    """A final holds the words that lie wholly within its window, at their times."""
    made = engine(script=SCRIPT)
    assert texts(made, window(0.5, 3.5, is_final=True)) == ["good", "morning"]
    (hypothesis,) = made.decode([window(1.0, 2.0, is_final=True)])
    assert [(word.start_s, word.end_s) for word in hypothesis.words] == [(1.0, 1.4), (1.5, 2.0)]


def test_a_partial_garbles_the_word_that_it_cuts() -> None:
    """In a partial, a word whose end has not come is heard in part."""
    made = engine(script=SCRIPT)
    assert texts(made, window(0.5, 3.3, is_final=False)) == ["good", "morning", "ever-"]


def test_counting_names_words_by_their_place() -> None:
    """Without a script every 0.3 s that is not silent is a word, named by where it lies on the clock."""
    made = engine()
    assert texts(made, window(1.0, 2.0, is_final=True)) == ["w4", "w5"]
    assert texts(made, window(1.0, 2.0, is_final=True, level=0.0)) == []


@given(st.integers(0, 40), st.integers(1, 40), st.integers(1, 40))
def test_two_windows_lose_no_counted_word(start: int, first: int, second: int) -> None:
    """Windows that meet between two words hear together what one window over both hears."""
    made = engine()
    begin_s, cut_s, end_s = start * 0.3, (start + first) * 0.3, (start + first + second) * 0.3
    halves = texts(made, window(begin_s, cut_s, is_final=True))
    halves += texts(made, window(cut_s, end_s, is_final=True))
    assert halves == texts(made, window(begin_s, end_s, is_final=True))
    assert halves == [f"w{number}" for number in range(start, start + first + second)]


def test_a_script_from_json(tmp_path: Path) -> None:
    """Segments with timed words give those; segments with a text alone have it laid over their length."""
    path = tmp_path / "call.json"
    timed = [{"word": "hello", "start": 0.0, "end": 0.5}]
    path.write_text(
        json.dumps(
            {
                "segments": [
                    {"start": 0, "end": 0.5, "speaker": "A", "text": "Hello!", "words": timed},
                    {"start": 1, "end": 2, "speaker": "B", "text": "two words"},
                ]
            }
        )
    )
    made = engine(script=str(path))
    (hypothesis,) = made.decode([window(0.0, 3.0, is_final=True)])
    assert [(word.text, word.start_s, word.end_s) for word in hypothesis.words] == [
        ("hello", 0.0, 0.5),
        ("two", 1.0, 1.5),
        ("words", 1.5, 2.0),
    ]


@pytest.mark.parametrize("script", ["/nowhere.json", [("word", "soon", "later")], [("word",)]])
def test_a_wrong_script_cannot_be_loaded(script: Any) -> None:
    """What is no script is said at load, with what to give instead."""
    with pytest.raises(EngineUnavailable, match="triples"):
        engine(script=script)


def test_a_whole_recording_falls_into_utterances() -> None:
    """`transcribe` gives one hypothesis per run of words without a pause, and ends at progress 1."""
    heard: list[float] = []
    samples = np.full(4 * SAMPLE_RATE_HZ, 0.1, np.float32)
    spoken = engine(script=SCRIPT).transcribe(samples, SpeechOptions(), heard.append)
    assert [hypothesis.text for hypothesis in spoken] == ["good morning", "everybody"]
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
