"""Where a model is: a folder on this disk, the hub's cache, or the hub."""

from __future__ import annotations

import os
from pathlib import Path

from transcription.errors import EngineUnavailable

HUB_TIMEOUT_S = 5
"""A hub that cannot be reached is given up after this; its own client would try for minutes."""


def local_model(engine: str, model: str, *, may_fetch: bool, variable: str) -> Path:
    """The folder of a model, fetched first where that is needed and allowed.

    `model`: a folder, or an id on the hub (its token: HF_TOKEN; its cache: HF_HOME). `variable`: the
    setting that names it, for the hint. Raises EngineUnavailable: what to fetch, accept or set.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if model.startswith((".", "/", "~")) or model.count("/") != 1:
        raise EngineUnavailable(engine, f"there is no folder {model}", hint=f"Set {variable} to one.")
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", str(HUB_TIMEOUT_S))
    os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", "30")
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError
    except ImportError as error:
        raise EngineUnavailable(
            engine, str(error), hint="Install the production set: pip install -r requirements.txt"
        ) from error
    try:
        return Path(snapshot_download(model, local_files_only=True))
    except (OSError, ValueError):  # not in the cache
        if not may_fetch:
            raise EngineUnavailable(
                engine,
                f"the model {model} is not on this disk",
                hint=f"manage.py models download fetches it; or set {variable} to a folder.",
            ) from None
    try:
        return Path(snapshot_download(model))
    except GatedRepoError as error:
        raise EngineUnavailable(
            engine,
            f"the weights of {model} are given out on conditions",
            hint=f"Accept them at https://huggingface.co/{model}, make a token at "
            "https://huggingface.co/settings/tokens, and set HF_TOKEN to it.",
        ) from error
    except RepositoryNotFoundError as error:
        raise EngineUnavailable(
            engine,
            f"the hub has no model {model}, or none for this token",
            hint=f"Check the name in {variable}, and HF_TOKEN.",
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise EngineUnavailable(
            engine,
            f"the model {model} is not on this disk and cannot be fetched ({type(error).__name__})",
            hint=f"Let this machine reach the hub once, or set {variable} to a folder with the model.",
        ) from error
