"""Engines of the batch worker: made and loaded once a process, when first needed, after the fork."""

from __future__ import annotations

from functools import cache
from typing import Any

import structlog
from django.conf import settings

from conversations.services.run_plan import ENGINES
from tasks.stages.base import NothingToDoError, StageWork
from transcription.analysis.base import LlmEndpoint, MeteredEngine, StageEngine, StageEngineConfig
from transcription.analysis.registry import Choice, choose_stage_engine
from transcription.engines.base import SpeechEngine, SpeechEngineConfig
from transcription.engines.registry import choose_speech_engine

log = structlog.get_logger(__name__)


def engine_for(work: StageWork) -> StageEngine:
    """The engine for a stage at work: the one that its run names, else that of the settings."""
    return stage_engine(work.stage.name, work.run.parameters.get(ENGINES, {}).get(work.stage.name))


def stage_engine(stage: str, name: str | None = None) -> StageEngine:
    """The engine of that name for a stage; None: the one that the settings name.

    Raises NothingToDoError where there is none, EngineUnavailable where the one that was named cannot be
    loaded.
    """
    name = name or settings.AMBIENT.stage_engines.get(stage, "auto")
    choice = _choice(stage, name)
    if choice.engine is None:
        reason = "is switched off" if name == "off" else "has no engine here"
        raise NothingToDoError(". ".join([f"{stage} {reason}", *choice.passed_over]))
    _engines[stage] = choice.engine
    return choice.engine


_engines: dict[str, StageEngine] = {}


@cache
def _choice(stage: str, name: str) -> Choice:
    choice = choose_stage_engine(stage, name, engine_config(stage))
    if choice.engine is not None and choice.passed_over:
        log.info("stage_engine_chosen", stage=stage, engine=choice.engine.name, not_taken=choice.passed_over)
    return choice


def take_usage(stage: str) -> dict[str, Any] | None:
    """What the engine of a stage used since it was last asked; None where it counts nothing."""
    engine = _engines.get(stage)
    if not isinstance(engine, MeteredEngine):
        return None
    used = engine.take_usage()
    return used.to_json() if used.requests else None


def engine_config(stage: str) -> StageEngineConfig:
    """What the settings say for the engine of a stage."""
    ambient = settings.AMBIENT
    options = dict(ambient.stage_options.get(stage, {}))
    endpoint = LlmEndpoint(ambient.llm_base_url, ambient.llm_model, ambient.llm_api_key)
    return StageEngineConfig(
        model=options.pop("model", ""), options=options, llm=endpoint if ambient.llm_base_url else None
    )


def batch_speech_engine(model: str) -> SpeechEngine:
    """The recogniser for whole recordings; asked for another model, it lets go of the one before.

    Raises EngineUnavailable.
    """
    wanted = (settings.AMBIENT.batch_engine, model)
    if wanted not in _speech_engines:
        for other in list(_speech_engines):
            _speech_engines.pop(other).close()
        config = SpeechEngineConfig.from_settings(model, settings.AMBIENT.engine_options)
        engine, notice = choose_speech_engine(settings.AMBIENT.batch_engine, config, for_recordings=True)
        if notice:
            log.warning("batch_engine_notice", engine=engine.name, notice=notice)
        engine.load()
        _speech_engines[wanted] = engine
    return _speech_engines[wanted]


_speech_engines: dict[tuple[str, str], SpeechEngine] = {}
