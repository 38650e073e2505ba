"""Stage engines by name: `auto`, an alias, a dotted path or `off` (contract: configuration).

The table holds dotted paths, so that asking for one engine imports that engine and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from types import MappingProxyType

from transcription.analysis.base import StageEngine, StageEngineConfig
from transcription.errors import EngineUnavailable

_HERE = "transcription.analysis"

# Alias -> dotted path, by stage, the better first: `auto` takes the first that loads.
ENGINES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "diarization": {
            "pyannote": f"{_HERE}.diarization.pyannote.PyannoteDiarization",
            "embedded": f"{_HERE}.diarization.embedded.EmbeddedDiarization",
        },
        "entities": {
            "transformers": f"{_HERE}.entities.pretrained.TransformersEntities",
            "embedded": f"{_HERE}.entities.embedded.EmbeddedEntities",
        },
        "classification": {
            "llm": f"{_HERE}.llm.classification.LlmClassification",
            "transformers": f"{_HERE}.classification.pretrained.TransformersClassification",
            "embedded": f"{_HERE}.classification.embedded.EmbeddedClassification",
        },
        "qa": {
            "llm": f"{_HERE}.llm.answers.LlmAnswers",
            "transformers": f"{_HERE}.answers.pretrained.TransformersAnswers",
            "embedded": f"{_HERE}.answers.embedded.EmbeddedAnswers",
        },
        "quality": {
            "llm": f"{_HERE}.llm.quality.LlmQuality",
            "embedded": f"{_HERE}.quality.embedded.EmbeddedQuality",
        },
        "summary": {
            "llm": f"{_HERE}.llm.summary.LlmSummary",
            "transformers": f"{_HERE}.summary.pretrained.TransformersSummary",
            "embedded": f"{_HERE}.summary.embedded.EmbeddedSummary",
        },
        "translation": {
            "transformers": f"{_HERE}.translation.pretrained.TransformersTranslation",
            "speech": f"{_HERE}.translation.speech.SpeechTranslation",
        },
        "emotion": {"transformers": f"{_HERE}.emotion.pretrained.TransformersEmotion"},
        "cleanup": {"llm": f"{_HERE}.llm.cleanup.LlmCleanup"},
        "insights": {
            "llm": f"{_HERE}.llm.insights.LlmInsights",
            "embedded": f"{_HERE}.insights.embedded.EmbeddedInsights",
        },
    }
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine, loaded; None: the stage has none. `passed_over`: why better ones were not taken."""

    engine: StageEngine | None
    passed_over: tuple[str, ...] = ()


def choose_stage_engine(stage: str, name: str, config: StageEngineConfig) -> Choice:
    """The engine of `stage` that `name` stands for, loaded: `auto`, `off`, or what `make_stage_engine` takes.

    `auto` is the first of the table that loads without fetching a model. Raises ValueError for an unknown
    stage, EngineUnavailable where the one that was named does not load.
    """
    if name == "off":
        return Choice(None)
    if name != "auto":
        engine = make_stage_engine(stage, name, config)
        engine.load()
        return Choice(engine)
    passed_over: list[str] = []
    for alias in _aliases(stage):
        engine = make_stage_engine(stage, alias, replace(config, may_fetch=False))
        try:
            engine.load()
        except EngineUnavailable as error:
            passed_over.append(str(error))
        else:
            return Choice(engine, tuple(passed_over))
    return Choice(None, tuple(passed_over))


def make_stage_engine(stage: str, name: str, config: StageEngineConfig) -> StageEngine:
    """The engine of an alias of the table, or of the dotted path of a class that takes a StageEngineConfig;
    not loaded yet. Raises ValueError for an unknown stage, EngineUnavailable for a name that leads nowhere.
    """
    aliases = _aliases(stage)
    path = aliases.get(name, name)
    if "." not in path:
        there = ", ".join(["auto", "off", *aliases])
        raise EngineUnavailable(
            name, f"is no engine of the stage {stage}", hint=f"Use one of {there}, or a dotted path"
        )
    engine: StageEngine = _class_at(path, stage=stage)(config)
    return engine


def _aliases(stage: str) -> Mapping[str, str]:
    if stage not in ENGINES:
        raise ValueError(f"no stage {stage!r}; there are: {', '.join(ENGINES)}")
    return ENGINES[stage]


def _class_at(path: str, *, stage: str) -> type:
    module_name, _, class_name = path.rpartition(".")
    hint = f"Check the dotted path set for the stage {stage}, and that its package is installed"
    try:
        found = getattr(import_module(module_name), class_name)
    except (ImportError, ValueError) as error:
        raise EngineUnavailable(path, f"cannot be imported ({error})", hint=hint) from error
    except AttributeError as error:
        raise EngineUnavailable(path, f"{module_name} has no {class_name}", hint=hint) from error
    if not isinstance(found, type):
        raise EngineUnavailable(path, "is not a class", hint=hint)
    return found
