"""The talk in another language, segment by segment."""

from __future__ import annotations

from typing import cast

from tasks.recordings import NoRecordingError, ensure_recording
from tasks.stages.base import NothingToDoError, StageResult, StageWork
from tasks.stages.engines import batch_speech_engine, engine_for
from tasks.stages.reading import read
from tasks.stages.transcription import batch_model
from transcription.analysis.base import Spoken, TranslationEngine, to_json
from transcription.errors import NotSupported
from transcription.models import join_text

DEFAULT_LANGUAGE = "en"


def run(work: StageWork) -> StageResult:
    engine = cast("TranslationEngine", engine_for(work))
    _, talk = read(work)
    parameters = work.run.parameters
    language_to = parameters.get("translate_to") or DEFAULT_LANGUAGE
    if talk.language and _primary(talk.language) == _primary(language_to):
        raise NothingToDoError(f"the talk is in {talk.language} already")

    def spoken() -> Spoken | None:
        try:
            samples = ensure_recording(work.conversation)
        except NoRecordingError:
            return None
        return Spoken(samples, batch_speech_engine(batch_model(parameters.get("model", ""))))

    so_far: list[str] = []

    def on_text(text: str) -> None:
        so_far.append(text)
        work.on_partial({"translation_chunk": text, "cumulative_translation": join_text(so_far, language_to)})

    try:
        translation = engine.translate(
            talk, language_to=language_to, spoken=spoken, on_progress=work.on_progress, on_text=on_text
        )
    except NotSupported as error:
        raise NothingToDoError(str(error)) from error
    return StageResult({**to_json(translation), "engine": engine.name}, engine)


def _primary(language: str) -> str:
    return language.split("-", maxsplit=1)[0].lower()
