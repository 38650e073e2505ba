"""The clock model, built once: what it hears is known (tests/transcription/engines/whisper_clock)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.transcription.engines.whisper_clock import model
from transcription.engines.base import SpeechEngineConfig
from transcription.engines.faster_whisper import FasterWhisperEngine


@pytest.fixture(scope="session")
def clock_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model.build(tmp_path_factory.mktemp("whisper-clock"))


@pytest.fixture(scope="session")
def clock(clock_folder: Path) -> FasterWhisperEngine:
    engine = FasterWhisperEngine(SpeechEngineConfig(str(clock_folder), compute_threads=1))
    engine.load()
    return engine
