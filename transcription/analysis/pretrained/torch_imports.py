"""torch and what stands on it, imported when an engine is loaded and not before."""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib import import_module
from types import ModuleType
from typing import Any, NoReturn

from transcription.errors import EngineUnavailable

INSTALL = "Install the production set: pip install -r requirements.txt"


def require(engine: str, package: str) -> None:
    """Whether it is installed, without the seconds that importing it takes. Raises EngineUnavailable."""
    if importlib.util.find_spec(package.split(".", maxsplit=1)[0]) is None:
        raise EngineUnavailable(engine, f"the package {package} is not installed", hint=INSTALL)


def import_torch(engine: str) -> Any:
    """Raises EngineUnavailable."""
    return _import(engine, "torch")


def import_transformers(engine: str) -> Any:
    """Raises EngineUnavailable."""
    import_torch(engine)
    _import_torchaudio()  # transformers imports it where it is installed
    # What it prints while it loads (bars, advice to train) is for a notebook, not for a worker's log.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    return _import(engine, "transformers")


def import_pyannote(engine: str) -> Any:
    """pyannote.audio, which sends nothing home. Raises EngineUnavailable."""
    os.environ["PYANNOTE_METRICS_ENABLED"] = "0"  # read at import
    import_torch(engine)
    _import_torchaudio()
    return _import(engine, "pyannote.audio")


def pick_device(engine: str, wanted: str) -> str:
    """`wanted`: cpu, cuda, cuda:N, mps, or auto. Raises EngineUnavailable for a GPU that is not there."""
    torch = import_torch(engine)
    has_cuda = torch.cuda.is_available()
    if wanted == "auto":
        return "cuda" if has_cuda else "cpu"
    if wanted.startswith("cuda") and not has_cuda:
        raise EngineUnavailable(
            engine,
            f"device {wanted} was asked for, and this torch sees no GPU",
            hint="Install the driver and a CUDA build of torch, or set the stage's device to auto.",
        )
    return wanted


def _import(engine: str, name: str) -> Any:
    try:
        return import_module(name)
    except (ImportError, OSError) as error:  # OSError: a compiled part of it does not load
        raise EngineUnavailable(engine, f"{name} cannot be imported ({error})", hint=INSTALL) from error


def _import_torchaudio() -> None:
    """torchaudio's wheels carry an extension that is built for one build of torch; beside another (torch for
    CPUs, say) it does not load, and takes the import with it. Nothing here uses it, so torchaudio gets what
    it makes do with itself where the file is missing: a package that says that the extension is not there.
    """
    if "torchaudio" in sys.modules:
        return
    try:
        import_module("torchaudio")
    except ImportError:
        return
    except OSError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        sys.modules["torchaudio._extension"] = _no_extension()
        import_module("torchaudio")


def _no_extension() -> ModuleType:
    def fail_if_no_align(function: Any) -> Any:
        def refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
            raise RuntimeError(f"{function.__name__} needs torchaudio's compiled extension")

        return refuse

    module = ModuleType("torchaudio._extension")
    module.__dict__.update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False, _IS_ALIGN_AVAILABLE=False, fail_if_no_align=fail_if_no_align
    )
    return module
