"""How each segment sounds."""

from __future__ import annotations

from typing import cast

from tasks.recordings import NoRecordingError, ensure_recording
from tasks.stages.base import NothingToDoError, StageResult, StageWork
from tasks.stages.engines import engine_for
from tasks.stages.reading import read
from transcription.analysis.base import EmotionEngine, to_json


def run(work: StageWork) -> StageResult:
    engine = cast("EmotionEngine", engine_for(work))
    _, talk = read(work)
    try:
        samples = ensure_recording(work.conversation)
    except NoRecordingError as error:
        raise NothingToDoError(str(error)) from error
    emotions = engine.recognise(samples, talk.segments, on_progress=work.on_progress)
    return StageResult([to_json(emotion) for emotion in emotions], engine)
