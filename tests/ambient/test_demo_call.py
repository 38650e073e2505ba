"""The shipped call is what its JSON says it is."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from bench.make_call import LINES, spoken_words

DEMO = Path(__file__).parents[2] / "ambient" / "demo"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((DEMO / "call.json").read_text())
    return loaded


def test_the_audio_has_the_form_and_length_that_is_said(document: dict[str, Any]) -> None:
    """60 to 90 s of 16 kHz mono FLAC in less than 2 MB."""
    path = DEMO / "call.flac"
    assert path.stat().st_size < 2_000_000
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.rate, stream.channels) == ("flac", 16_000, 1)
        samples = sum(frame.samples for frame in container.decode(stream))
    assert samples / 16_000 == pytest.approx(document["duration_s"], abs=0.001)
    assert 60 <= document["duration_s"] <= 90


def test_segments_are_the_script_with_words_in_order(document: dict[str, Any]) -> None:
    """Every line of the script is a segment, its words fill it, and nobody speaks over another."""
    segments = document["segments"]
    assert [segment["text"] for segment in segments] == [line.text for line in LINES]
    for segment in segments:
        words = segment["words"]
        assert [word["word"] for word in words] == spoken_words(segment["text"])
        assert (words[0]["start"], words[-1]["end"]) == (segment["start"], segment["end"])
        assert all(word["start"] < word["end"] for word in words)
        assert all(one["end"] <= two["start"] + 1e-9 for one, two in pairwise(words))
        assert segment["speaker"] in document["speakers"]
    assert all(one["end"] < two["start"] for one, two in pairwise(segments))


def test_what_is_expected_is_said(document: dict[str, Any]) -> None:
    """Every entity and answer that the JSON expects stands in the segment that it names."""
    said = [" ".join(spoken_words(segment["text"])) for segment in document["segments"]]
    expected = document["expected"]
    for entity in expected["entities"]:
        assert entity["text"] in said[entity["segment_id"]]
    for answer in expected["answers"].values():
        assert answer is None or answer["contains"] in said[answer["segment_id"]]
    assert "we decided" in said[expected["decisions"][0]]
    assert "i will send" in said[expected["action_items"][0]]
