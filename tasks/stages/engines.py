"""Engines of the batch worker: made and loaded once a process, when first needed, after the fork."""

from __future__ import annotations

from functools import cache

import structlog
from django.conf import settings

from tasks.stages.base import NothingToDoError
from transcription.analysis.base import StageEngine, StageEngineConfig
from transcription.analysis.registry import make_stage_engine
from transcription.engines.base import SpeechEngine, SpeechEngineConfig
from transcription.engines.registry import choose_speech_engine

log = structlog.get_logger(__name__)


def stage_engine(stage: str) -> StageEngine:
    """The engine that the settings name for a stage.

    Raises NothingToDoError where there is none, EngineUnavailable where it cannot be loaded.
    """
    name = settings.AMBIENT.stage_engines.get(stage, "auto")
    engine = _stage_engine(stage, name)
    if engine is None:
        reason = "is switched off" if name == "off" else "has no engine here"
        raise NothingToDoError(f"{stage} {reason}")
    return engine


@cache
def _stage_engine(stage: str, name: str) -> StageEngine | None:
    engine = make_stage_engine(stage, name, StageEngineConfig())
    if engine is not None:
        engine.load()
    return engine


def batch_speech_engine(model: str) -> SpeechEngine:
    """The recogniser for whole recordings; asked for another model, it lets go of the one before.

    Raises EngineUnavailable.
    """
    wanted = (settings.AMBIENT.batch_engine, model)
    if wanted not in _speech_engines:
        for other in list(_speech_engines):
            _speech_engines.pop(other).close()
        config = SpeechEngineConfig.from_settings(model, settings.AMBIENT.engine_options)
        engine, notice = choose_speech_engine(settings.AMBIENT.batch_engine, config)
        if notice:
            log.warning("batch_engine_notice", engine=engine.name, notice=notice)
        engine.load()
        _speech_engines[wanted] = engine
    return _speech_engines[wanted]


_speech_engines: dict[tuple[str, str], SpeechEngine] = {}
