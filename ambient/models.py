"""Which models the settings ask for, engine by engine, without loading any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ambient.conf import AmbientSettings
from transcription.analysis.base import StageEngineConfig
from transcription.analysis.pretrained.models import local_model
from transcription.analysis.registry import ENGINES, make_stage_engine
from transcription.engines import carried
from transcription.errors import EngineUnavailable

ON_HUB = frozenset({"pyannote", "transformers"})
"""Aliases of stage engines whose models lie on the hub."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """`is_needed`: the settings name the engine; else `auto` takes it where its model is there. `find` gives
    its folder, or raises EngineUnavailable."""

    used_by: str
    engine: str
    model: str
    is_needed: bool
    find: Callable[..., Path]


def wanted_models(conf: AmbientSettings) -> list[Wanted]:
    """Speech first, then the stages in the order of the registry."""
    speech = [
        ("live", conf.live_engine, conf.live.whisper_model),
        ("batch", conf.batch_engine, conf.live.whisper_model_final),
    ]
    found = [
        Wanted(used_by, "faster-whisper", model, name != "auto", _whisper(model, named=name != "auto"))
        for used_by, name, model in speech
        if name in ("auto", "faster-whisper")
    ]
    for stage, aliases in ENGINES.items():
        name = conf.stage_engines.get(stage, "auto")
        for alias in aliases:
            if alias not in ON_HUB or name not in ("auto", alias):
                continue
            model = str(conf.stage_options.get(stage, {}).get("model", ""))
            model = make_stage_engine(stage, alias, StageEngineConfig(model=model)).model
            if "{" not in model:  # one for each pair of languages: fetched when the first such talk comes
                found.append(Wanted(stage, alias, model, name == alias, _of_hub(stage, alias, model)))
    return found


def _of_hub(stage: str, alias: str, model: str) -> Callable[..., Path]:
    def find(*, may_fetch: bool) -> Path:
        variable = f"AMBIENT_STAGE_OPTIONS ({stage}: model)"
        return local_model(alias, model, may_fetch=may_fetch, variable=variable)

    return find


def _whisper(model: str, *, named: bool) -> Callable[..., Path]:
    """`named`: by the settings; the wheels of Whisper base serve then too, which `auto` passes over live."""

    def find(*, may_fetch: bool) -> Path:
        if Path(model).is_dir():
            return Path(model)
        if named and carried.is_carried(model):
            return carried.folder_of(carried.CARRIERS[0])
        from faster_whisper.utils import download_model

        try:
            return Path(download_model(model, local_files_only=not may_fetch))
        except (OSError, ValueError, RuntimeError) as error:
            said = (str(error).strip() or type(error).__name__).splitlines()[0]
            reason = said if may_fetch else f"the model {model} is not on this disk"
            raise EngineUnavailable(
                "faster-whisper", reason, hint="Let this machine reach the hub once, or name a folder."
            ) from error

    return find
