"""What the engines' processes are forked from: the libraries, imported once and not by each of them."""

from __future__ import annotations

from transcription.analysis.pretrained.torch_imports import import_pyannote, import_transformers
from transcription.errors import EngineUnavailable

for load in (import_transformers, import_pyannote):
    try:
        load("bench")
    except EngineUnavailable:
        continue  # the engine that needs it says so itself
