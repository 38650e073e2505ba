"""What is timed: each engine with the maker of its model, and its stage's method on a talk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.engines import diarization, shapes, whisper
from bench.engines.talk import Recording
from transcription.analysis.answers.pretrained import TransformersAnswers
from transcription.analysis.answers.question_sets import nurse_intake
from transcription.analysis.base import StageEngineConfig
from transcription.analysis.classification import clinic
from transcription.analysis.classification.pretrained import TransformersClassification
from transcription.analysis.diarization.embedded import EmbeddedDiarization
from transcription.analysis.diarization.pyannote import PyannoteDiarization
from transcription.analysis.emotion.pretrained import TransformersEmotion
from transcription.analysis.entities.pretrained import TransformersEntities
from transcription.analysis.pretrained.torch_imports import import_pyannote, import_transformers
from transcription.analysis.summary.pretrained import TransformersSummary
from transcription.analysis.translation.pretrained import TransformersTranslation
from transcription.engines.base import SAMPLE_RATE_HZ, SpeechEngineConfig, SpeechOptions, SpeechWindow
from transcription.engines.faster_whisper import FasterWhisperEngine

DEVICES = ("cuda", "cpu")
Imports = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """`make`: writes the model into a new folder, with `tiny` one of a size for tests. `engine`: an unloaded
    one, from the folder, the device and the batch size. `work`: gives the number of windows where it knows
    them; else they are the rows that go through modules of the classes `windows`. `batch_sizes`: the
    product's own first. `imports`: what loading would import, done before the clock runs."""

    name: str
    shape: str
    engine: Callable[[Path, str, int], Any]
    work: Callable[[Any, Recording, int], int | None]
    make: Callable[..., None] | None = None
    imports: Imports | None = None
    windows: tuple[str, ...] = ()
    batch_sizes: tuple[int, ...] = (8, 1, 32)
    devices: tuple[str, ...] = DEVICES


def subjects() -> dict[str, Subject]:
    made = [_pyannote(), _embedded(), *_readers(), *_writers(), _emotion()]
    made += [_whisper(size, is_final=final) for size in whisper.SHAPES for final in (False, True)]
    return {subject.name: subject for subject in made}


def _config(folder: Path, device: str, batch_size: int) -> StageEngineConfig:
    options = {"device": device, "batch_size": batch_size}
    return StageEngineConfig(model=str(folder), options=options, may_fetch=False)


def _of(engine: Callable[[StageEngineConfig], Any]) -> Callable[[Path, str, int], Any]:
    return lambda folder, device, batch_size: engine(_config(folder, device, batch_size))


def _pyannote() -> Subject:
    def engine(folder: Path, device: str, batch_size: int) -> PyannoteDiarization:
        diarization.write_config(folder, batch_size=batch_size)
        return PyannoteDiarization(_config(folder, device, batch_size))

    return Subject(
        "diarization, pyannote",
        "community-1",
        engine,
        lambda engine, heard, _: _nothing(engine.diarize(heard.samples, heard.talk.segments)),
        make=diarization.make_pipeline,
        imports=import_pyannote,
        windows=("PyanNet",),
        batch_sizes=(32, 8, 1),
    )


def _embedded() -> Subject:
    return Subject(
        "diarization, embedded",
        "GE2E, its own weights, NumPy",
        lambda _folder, _device, _batch_size: EmbeddedDiarization(StageEngineConfig()),
        lambda engine, heard, _: _nothing(engine.diarize(heard.samples, heard.talk.segments)),
        batch_sizes=(1,),
        devices=("cpu",),
    )


def _readers() -> list[Subject]:
    return [
        Subject(
            "entities",
            "BERT base",
            _of(TransformersEntities),
            lambda engine, heard, _: _nothing(engine.extract(heard.talk)),
            make=shapes.token_classifier,
            imports=import_transformers,
            windows=("BertForTokenClassification",),
        ),
        Subject(
            "classification",
            "DeBERTa v3 base",
            _of(TransformersClassification),
            lambda engine, heard, _: _nothing(engine.classify(heard.talk, clinic())),
            make=shapes.entailment,
            imports=import_transformers,
            windows=("DebertaV2ForSequenceClassification",),
        ),
        Subject(
            "qa",
            "RoBERTa base",
            _of(TransformersAnswers),
            lambda engine, heard, _: _nothing(engine.answer(heard.talk, nurse_intake())),
            make=shapes.reader,
            imports=import_transformers,
            windows=("RobertaForQuestionAnswering",),
        ),
    ]


def _writers() -> list[Subject]:
    return [
        Subject(
            "summary",
            "BART large",
            _of(TransformersSummary),
            lambda engine, heard, _: _nothing(engine.summarise(heard.talk)),
            make=shapes.summary_writer,
            imports=import_transformers,
            windows=("BartEncoder",),
            batch_sizes=(4, 1, 8, 32),
        ),
        Subject(
            "translation",
            "OPUS-MT",
            _of(TransformersTranslation),
            lambda engine, heard, _: _nothing(
                engine.translate(heard.talk, language_to="fr", spoken=lambda: None)
            ),
            make=shapes.translator,
            imports=import_transformers,
            windows=("MarianEncoder",),
        ),
    ]


def _emotion() -> Subject:
    return Subject(
        "emotion",
        "wav2vec 2.0 base",
        _of(TransformersEmotion),
        lambda engine, heard, _: _nothing(engine.recognise(heard.samples, heard.talk.segments)),
        make=shapes.listener,
        imports=import_transformers,
        windows=("Wav2Vec2ForSequenceClassification",),
        batch_sizes=(1,),
    )


def _whisper(size: str, *, is_final: bool) -> Subject:
    def engine(folder: Path, device: str, batch_size: int) -> FasterWhisperEngine:
        options = (("batch_size", batch_size),)
        return FasterWhisperEngine(SpeechEngineConfig(str(folder), device=device, options=options))

    def make(folder: Path, *, tiny: bool) -> None:
        whisper.make_whisper(folder, whisper.SMALLEST if tiny else whisper.SHAPES[size])

    return Subject(
        f"speech {size}, {'finals' if is_final else 'partials'}",
        f"Whisper {size}",
        engine,
        partial(_decode, is_final=is_final),
        make=make,
        devices=DEVICES if size == "tiny" else ("cuda",),
    )


def _decode(engine: Any, heard: Recording, batch_size: int, *, is_final: bool) -> int:
    """The talk in windows of ten seconds, as if so many sessions spoke at a time."""
    step = whisper.WINDOW_S * SAMPLE_RATE_HZ
    windows = [
        SpeechWindow(f"{at}", heard.samples[at : at + step], 0.0, is_final, SpeechOptions(language="en"))
        for at in range(0, len(heard.samples), step)
    ]
    for first in range(0, len(windows), batch_size):
        engine.decode(windows[first : first + batch_size])
    return len(windows)


def _nothing(_result: object) -> None:
    """The work is done; what random weights found in the talk means nothing."""
