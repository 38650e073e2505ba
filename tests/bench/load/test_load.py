"""The load test's own arithmetic: what is said, what is lost, what is covered."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from bench.load.clients import Took
from bench.load.outcome import Session, count_words, judge
from bench.load.reading import judge as judge_reading
from bench.load.talk import FRAME_BYTES, conversation, reading
from bench.words import Shown
from transcription.engines.base import SAMPLE_RATE_HZ, SpeechEngineConfig, SpeechOptions, SpeechWindow
from transcription.engines.scripted import ScriptedEngine


def transcript(text: str, *, final: bool, segment: int = 0, end_s: float = 1.0) -> dict[str, Any]:
    words = [{"word": word, "start": 0.0} for word in text.split()]
    return {
        "type": "transcript", "segment_id": segment, "text": text, "is_final": final, "start_time": 0.0,
        "end_time": end_s, "latency_ms": 20.0, "segments": [{"words": words}],
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_a_side_speaks_its_share_with_a_timing_of_its_own(seed: int) -> None:
    """Over ten minutes a side speaks about 40 % of the time, in whole frames, and no two sides alike."""
    talk = conversation(seed, 600.0)
    assert talk.duty == pytest.approx(0.4, abs=0.04)
    assert {len(sound) for sound in talk.sounds()} == {FRAME_BYTES}
    assert talk.lines != conversation(seed + 1, 600.0).lines


def test_the_words_that_are_said_are_those_that_the_engine_names() -> None:
    """The scripted engine, given a whole talk, names every word that counts as said, and each once."""
    talk = conversation(3, 60.0)
    samples = np.frombuffer(b"".join(talk.sounds()), "<i2").astype(np.float32) / np.float32(32_768)
    engine = ScriptedEngine(SpeechEngineConfig(model=""))
    heard = engine.decode([SpeechWindow("talk", samples, 0.0, is_final=True, options=SpeechOptions())])[0]
    said = talk.words()
    assert {word for word, _ in said} <= set(heard.text.split())
    assert all(end_s <= len(samples) / SAMPLE_RATE_HZ for _, end_s in said)


def test_lost_and_doubled_words_are_counted_and_the_rest_is_timed() -> None:
    """A word that no final has is lost, one that two have is doubled; a latency runs from the word's end."""
    talk = conversation(3, 20.0)
    (first, end_s), *others = talk.words()
    rest = [word for word, _ in others]
    messages = [
        (10.0 + end_s + 0.3, transcript(first, final=False)),
        (40.0, transcript(" ".join([first, *rest[:-1]]), final=True)),
        (41.0, transcript(rest[0], final=True, segment=1)),
        (42.0, {"type": "session_ended"}),
    ]
    took = Took(0, started_s=10.0, sent_s=[10.1], close_code=1000)
    took.messages = [(at_s, json.dumps(message)) for at_s, message in messages]
    session = judge(took, talk)
    count_words(session, took, talk)
    assert (session.lost, session.doubled, session.failure) == ([rest[-1]], [rest[0]], "")
    assert session.emission_s[0][1] == pytest.approx(0.3)


def test_a_session_without_an_orderly_end_has_failed() -> None:
    """A close alone is no end."""
    assert judge(Took(0, close_code=1000), conversation(1, 5.0)).failure == "no orderly end"
    assert judge(Took(0, close_code=1011), conversation(1, 5.0)).failure == "closed 1011"


def final(segment: int, cells: range, window_s: float, at_s: float) -> Shown:
    timed = tuple((f"w{cell}", window_s + 0.3 * cell) for cell in cells)
    text = " ".join(word for word, _ in timed)
    return Shown(at_s, segment, text, True, timed[0][1], timed[-1][1] + 0.3, timed=timed)


def test_a_reading_is_covered_by_the_places_in_its_words_names() -> None:
    """Two windows that follow each other cover all of it; a gap is a word lost, and a leap is disorder."""
    talk = reading(2, 12.0)
    half = int(talk.duration_s / 0.3 / 2)
    rest = range(1, int(talk.duration_s / 0.3) - half + 1)
    first = final(0, range(half), 0.0, 0.3 * half + 0.5)
    whole = Session(shown=[first, final(1, rest, 0.3 * (half - 1), talk.duration_s)])
    read = judge_reading(whole, talk)
    assert all(there for _, there in read.covered)
    assert (read.disordered, read.last_words) == (0, 5)
    cut = Session(shown=[first])
    assert judge_reading(cut, talk).last_words == 0
    assert judge_reading(cut, talk).end_lag_s > 3.0
