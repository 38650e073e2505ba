"""Summaries, translations, emotions, speakers: the real code, with models of the right shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.transcription.analysis.pretrained.models import make_diarization, make_listener, make_writer
from transcription.analysis.base import Spoken, StageEngineConfig, Talk
from transcription.analysis.diarization.pyannote import PyannoteDiarization
from transcription.analysis.emotion.pretrained import TransformersEmotion
from transcription.analysis.summary.embedded import EmbeddedSummary
from transcription.analysis.summary.pretrained import TransformersSummary
from transcription.analysis.translation.pretrained import TransformersTranslation
from transcription.analysis.translation.speech import SpeechTranslation
from transcription.engines.base import (
    SAMPLE_RATE_HZ,
    Hypothesis,
    HypothesisSegment,
    SpeechCapabilities,
    SpeechEngineConfig,
    SpeechWindow,
)
from transcription.engines.scripted import ScriptedEngine
from transcription.errors import EngineUnavailable, NotSupported
from transcription.models import Segment, Word

LINES = ("my name is grace", "water " * 40, "we will call you back on monday")
TALK = Talk(
    tuple(Segment(i, 3.0 * i, 3.0 * i + 2, text, f"SPEAKER_0{i % 2}") for i, text in enumerate(LINES)),
    language="sw",
    duration_s=9.0,
)


def read_by(loaded: Any) -> list[list[int]]:
    """The tokens of every window that the model is given, as they come."""
    seen: list[list[int]] = []
    forward = loaded.model.get_encoder().forward

    def spy(input_ids: Any, *args: Any, **kwargs: Any) -> Any:
        seen.extend(input_ids.tolist())
        return forward(input_ids, *args, **kwargs)

    loaded.model.get_encoder().forward = spy
    return seen


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_writer(tmp_path_factory.mktemp("writer"))


def test_the_whole_talk_is_read_for_a_summary(writer: Path) -> None:
    """Every word reaches the model in windows that fit it; decisions and tasks stay those of the rules."""
    engine = TransformersSummary(StageEngineConfig(model=str(writer)))
    engine.load()
    seen = read_by(engine._loaded)
    progress: list[float] = []
    summary = engine.summarise(TALK, on_progress=progress.append)
    water = engine._loaded.reader.convert_tokens_to_ids("water")  # type: ignore[union-attr]
    first_round = [row for row in seen if water in row]
    assert sum(row.count(water) for row in first_round) >= 40
    assert all(len(row) <= engine._loaded.reader.model_max_length for row in seen)  # type: ignore[union-attr]
    extracted = EmbeddedSummary().summarise(TALK)
    assert (summary.decisions, summary.action_items) == (extracted.decisions, extracted.action_items)
    assert progress[-1] == 1.0
    assert progress == sorted(progress)


def test_an_empty_talk_has_an_empty_summary(writer: Path) -> None:
    """Nothing is written about nothing."""
    engine = TransformersSummary(StageEngineConfig(model=str(writer)))
    engine.load()
    assert engine.summarise(Talk((), language=None, duration_s=0.0)).text == ""


def test_every_segment_is_translated_whole(writer: Path) -> None:
    """Each segment has its translation; a long one is read in pieces, not cut."""
    engine = TransformersTranslation(StageEngineConfig(model=str(writer)))
    engine.load()
    loaded = engine._pretrained(str(writer))
    seen = read_by(loaded)
    translation = engine.translate(TALK, language_to="en", spoken=lambda: None)
    assert [segment.segment_id for segment in translation.segments] == [0, 1, 2]
    assert (translation.language_from, translation.language_to) == ("sw", "en")
    water = loaded.reader.convert_tokens_to_ids("water")
    assert sum(row.count(water) for row in seen) == 40


def test_a_talk_in_no_known_language_is_not_translated(writer: Path) -> None:
    """A pair of languages needs two."""
    engine = TransformersTranslation(StageEngineConfig(model=str(writer)))
    with pytest.raises(NotSupported, match="language"):
        engine.translate(Talk((), language=None, duration_s=0.0), language_to="en", spoken=lambda: None)


class Interpreter:
    """Says one English word for each second that it is given."""

    name, model, version = "interpreter", "m", "1"
    capabilities = SpeechCapabilities(translates=True)

    def __init__(self) -> None:
        self.windows: list[SpeechWindow] = []

    def load(self) -> None: ...
    def close(self) -> None: ...
    def transcribe(self, *_: Any) -> Any: ...

    def decode(self, windows: Any) -> list[Hypothesis]:
        self.windows += windows
        (window,) = windows
        words = tuple(
            Word(f"e{int(window.offset_s) + i}", window.offset_s + i + 0.2, window.offset_s + i + 0.8)
            for i in range(int(window.duration_s))
        )
        text = " ".join(word.text for word in words)
        return [Hypothesis((HypothesisSegment(0.0, 1.0, text, words),), language="sw")]


def test_the_recogniser_translates_from_the_audio() -> None:
    """Neighbours are heard together, asked for in English, and each segment gets the words of its time."""
    interpreter = Interpreter()
    spoken = Spoken(np.zeros(9 * SAMPLE_RATE_HZ, np.float32), interpreter)
    translation = SpeechTranslation(StageEngineConfig()).translate(
        TALK, language_to="en-GB", spoken=lambda: spoken
    )
    assert [(s.segment_id, s.text.split()[0]) for s in translation.segments] == [
        (0, "e0"),
        (1, "e3"),
        (2, "e6"),
    ]
    assert len(interpreter.windows) == 1
    assert interpreter.windows[0].options.task == "translate"
    assert interpreter.windows[0].options.language == "sw"


def test_what_a_recogniser_cannot_translate_is_said() -> None:
    """Another target, no audio, and a recogniser without the task are not supported, each with its reason."""
    engine = SpeechTranslation(StageEngineConfig())
    scripted = ScriptedEngine(SpeechEngineConfig("scripted"))
    spoken = Spoken(np.zeros(16, np.float32), scripted)
    with pytest.raises(NotSupported, match="into English"):
        engine.translate(TALK, language_to="fr", spoken=lambda: spoken)
    with pytest.raises(NotSupported, match="no audio"):
        engine.translate(TALK, language_to="en", spoken=lambda: None)
    with pytest.raises(NotSupported, match="does not translate"):
        engine.translate(TALK, language_to="en", spoken=lambda: spoken)


def test_emotions_are_shares_of_the_models_labels(tmp_path: Path) -> None:
    """Each segment long enough has one label with its probability; a long one is heard whole, in windows."""
    engine = TransformersEmotion(StageEngineConfig(model=str(make_listener(tmp_path))))
    engine.load()
    samples = np.random.default_rng(1).normal(0, 0.1, 40 * SAMPLE_RATE_HZ).astype(np.float32)
    segments = [Segment(0, 0.0, 2.0, "a"), Segment(1, 2.0, 2.1, "b"), Segment(2, 3.0, 38.0, "c")]
    found = engine.recognise(samples, segments)
    assert [emotion.segment_id for emotion in found] == [0, 2]
    assert {emotion.emotion for emotion in found} <= {"neutral", "happy", "angry", "sad"}
    assert all(0.25 <= (emotion.confidence or 0) <= 1 for emotion in found)
    assert all(emotion.valence is None and emotion.arousal is None for emotion in found)


@pytest.fixture(scope="module")
def pyannote(tmp_path_factory: pytest.TempPathFactory) -> PyannoteDiarization:
    folder = make_diarization(tmp_path_factory.mktemp("pyannote"))
    engine = PyannoteDiarization(StageEngineConfig(model=str(folder)))
    engine.load()
    return engine


def test_pyannote_hears_the_one_who_speaks(pyannote: PyannoteDiarization) -> None:
    """The pipeline runs over samples in memory, tells its progress, and its turns are ours."""
    samples = np.random.default_rng(1).normal(0, 0.1, 12 * SAMPLE_RATE_HZ).astype(np.float32)
    progress: list[float] = []
    turns = pyannote.diarize(samples, (), on_progress=progress.append).turns
    assert {turn.speaker_id for turn in turns} == {"SPEAKER_00"}
    assert sum(turn.end_s - turn.start_s for turn in turns) > 10.0
    assert all(0.0 <= turn.start_s < turn.end_s <= 12.5 for turn in turns)
    assert progress == sorted(progress)
    assert progress[-1] == 1.0
    assert pyannote.version.startswith("4")


def test_pyannote_takes_nothing(pyannote: PyannoteDiarization) -> None:
    """No samples, no turns."""
    assert pyannote.diarize(np.zeros(0, np.float32), ()).turns == ()


def test_pyannote_sends_nothing_home(pyannote: PyannoteDiarization) -> None:
    """Its telemetry is off in the process that loaded it."""
    from pyannote.audio.telemetry.metrics import is_metrics_enabled

    assert not is_metrics_enabled()


def test_a_folder_that_is_no_pipeline_says_what_to_set(tmp_path: Path) -> None:
    """The hint names the variable."""
    with pytest.raises(EngineUnavailable, match="AMBIENT_STAGE_OPTIONS"):
        PyannoteDiarization(StageEngineConfig(model=str(tmp_path))).load()
