"""Whisper base from the wheels that carry it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import jiwer
import pytest

from tests.transcription.engines.speech import call
from transcription.analysis.text import words_of
from transcription.engines import carried, hub
from transcription.engines.base import SpeechEngineConfig, SpeechOptions
from transcription.engines.faster_whisper_longform import pieces
from transcription.engines.registry import choose_speech_engine, make_speech_engine
from transcription.errors import EngineUnavailable

needs_weights = pytest.mark.skipif(not carried.is_installed(), reason="the weights are not installed")


@needs_weights
def test_recordings_are_read_by_it_where_no_other_model_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """`auto` takes it for whole recordings and says so; live, pocketsphinx listens as before."""
    nothing = hub.Availability(False, "the hub cannot be reached")
    monkeypatch.setattr("transcription.engines.faster_whisper.can_be_loaded", lambda _: nothing)
    config = SpeechEngineConfig("small")
    engine, notice = choose_speech_engine("auto", config, for_recordings=True)
    assert (engine.name, engine.model) == ("faster-whisper", "base")
    assert "the hub cannot be reached" in notice
    assert choose_speech_engine("auto", config)[0].name == "pocketsphinx"


def test_without_the_wheels_the_other_recogniser_reads_recordings(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that left the weights out still transcribes."""
    nothing = hub.Availability(False, "the hub cannot be reached")
    monkeypatch.setattr("transcription.engines.faster_whisper.can_be_loaded", lambda _: nothing)
    monkeypatch.setattr(carried, "CARRIERS", ("a_wheel_that_nobody_has",))
    engine, _ = choose_speech_engine("auto", SpeechEngineConfig("small"), for_recordings=True)
    assert engine.name == "pocketsphinx"
    with pytest.raises(EngineUnavailable, match="not installed"):
        carried.read_files()


@needs_weights
def test_it_hears_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine words of ten of the demo's call are found, each at its time, without a network or a folder."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    samples, segments = call()
    engine = make_speech_engine("faster-whisper", SpeechEngineConfig("base"))
    engine.load()
    heard = list(engine.transcribe(samples, SpeechOptions(language="en"), lambda _: None))
    engine.close()
    pieces = [segment for hypothesis in heard for segment in hypothesis.segments]
    truth = " ".join(words_of(" ".join(segment["text"] for segment in segments)))
    assert jiwer.wer(truth, " ".join(words_of(" ".join(piece.text for piece in pieces)))) < 0.1
    times = [(word.start_s, word.end_s) for piece in pieces for word in piece.words]
    assert times == sorted(times)


@needs_weights
def test_a_long_recording_is_heard_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut into pieces of half a minute, the call has as good as all of its words, each at its time."""
    shorter = partial(pieces, longest_s=30.0)
    monkeypatch.setattr("transcription.engines.faster_whisper.pieces", shorter)
    samples, segments = call()
    engine = make_speech_engine("faster-whisper", SpeechEngineConfig("base"))
    engine.load()
    heard = list(engine.transcribe(samples, SpeechOptions(), lambda _: None))
    engine.close()
    assert {hypothesis.language for hypothesis in heard} == {"en"}
    words = [word for h in heard for segment in h.segments for word in segment.words]
    truth = [word for segment in segments for word in segment["words"]]
    assert abs(len(words) - len(truth)) < 0.1 * len(truth)
    assert words == sorted(words, key=lambda word: word.start_s)
    assert abs(words[-1].end_s - truth[-1]["end"]) < 1.0


def test_weights_that_are_not_the_publishers_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was cut short or tampered with is not run, and the error says how to mend it."""
    names = ("carrier_one", "carrier_two")
    for number, name in enumerate(names, start=1):
        data = tmp_path / name / "data"
        data.mkdir(parents=True)
        (data.parent / "__init__.py").touch()
        (data / f"model.bin.part{number}").write_bytes(b"weights")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(carried, "CARRIERS", names)
    with pytest.raises(EngineUnavailable, match="cannot be read"):
        carried.read_files()
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / names[0] / "data" / name).write_text("{}")
    with pytest.raises(EngineUnavailable, match="not those of Systran") as refused:
        carried.read_files()
    assert "requirements-weights.txt" in refused.value.hint
