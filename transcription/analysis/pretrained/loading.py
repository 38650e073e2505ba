"""A transformers model with its tokenizer, loaded once, on its device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transcription.analysis.base import StageEngineConfig
from transcription.analysis.pretrained.models import local_model
from transcription.analysis.pretrained.torch_imports import (
    import_torch,
    import_transformers,
    pick_device,
    require,
)
from transcription.errors import EngineFailed, EngineUnavailable


@dataclass(frozen=True, slots=True)
class Pretrained:
    """`reader`: the tokenizer, or the feature extractor of a model that hears."""

    model: Any
    reader: Any
    device: str


def load_pretrained(
    engine: str,
    config: StageEngineConfig,
    *,
    stage: str,
    model: str,
    auto_model: str,
    auto_reader: str = "AutoTokenizer",
) -> Pretrained:
    """`auto_model`, `auto_reader`: names of transformers' Auto classes. Options read: `device`.

    Raises EngineUnavailable: the package, the weights, memory or a GPU is missing, or the folder holds
    another kind of model.
    """
    variable = f"AMBIENT_STAGE_OPTIONS ({stage}: model)"
    require(engine, "transformers")
    folder = local_model(engine, model, may_fetch=config.may_fetch, variable=variable)
    transformers = import_transformers(engine)  # seconds, so only for weights that are there
    device = pick_device(engine, str(config.options.get("device", "auto")))
    try:
        loaded, info = getattr(transformers, auto_model).from_pretrained(folder, output_loading_info=True)
        reader = getattr(transformers, auto_reader).from_pretrained(folder)
        loaded = loaded.to(device).eval()
    except Exception as error:
        # What is wrong with a folder is reported by half a dozen libraries in as many types.
        raise EngineUnavailable(
            engine, f"{model} does not load: {first_line(error)}", hint=_hint(error, variable, auto_model)
        ) from error
    _refuse_untrained(engine, folder, info, variable)
    return Pretrained(loaded, reader, device)


def batch_size_on(device: str, config: StageEngineConfig, sizes: Mapping[str, int]) -> int:
    """The option `batch_size`, or what `sizes` has for the kind of device (cuda for cuda:1), else its cpu."""
    said = config.options.get("batch_size")
    return int(said) if said is not None else sizes.get(device.split(":", maxsplit=1)[0], sizes["cpu"])


def run(engine: str, work: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a model without gradients. Raises EngineFailed; out of memory may pass, other faults do not."""
    torch = import_torch(engine)
    try:
        with torch.inference_mode():
            return work(*args, **kwargs)
    except (RuntimeError, ValueError, IndexError) as error:
        full = isinstance(error, torch.OutOfMemoryError)
        raise EngineFailed(engine, first_line(error), retryable=full) from error


def _refuse_untrained(engine: str, folder: Path, info: dict[str, Any], variable: str) -> None:
    """Weights that a folder lacks are drawn at random by the library, with a warning: a head that was never
    trained would then give answers."""
    if missing := sorted(info.get("missing_keys", ())):
        raise EngineUnavailable(
            engine,
            f"{folder.name} was not trained for this: it has no {', '.join(missing[:3])}",
            hint=f"Set {variable} to a model that was.",
        )


def _hint(error: Exception, variable: str, auto_model: str) -> str:
    if "out of memory" in str(error).lower() or isinstance(error, MemoryError):
        return "Choose a smaller model, or a device with more memory."
    return f"Set {variable} to a folder or hub id of a model for {auto_model.removeprefix('Auto')}."


def first_line(error: Exception) -> str:
    """What an exception says, for people: without the pages that follow."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
