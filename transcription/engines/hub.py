"""Is a model on this disk, and if not, can it be fetched? Answered within seconds, whatever the network does.

The hub's own client would try again and again for minutes where there is no network; here one request is made
on a thread that is not waited for longer than the budget, so that a name server that hangs costs no more.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

MODEL_FILE = "model.bin"
BUDGET_S = 4.5
"""Of the 5 s within which `auto` is decided (contract: configuration)."""
_TRUE = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True, slots=True)
class Availability:
    """`available`: on disk, or fetchable. `reason`: why not, for people."""

    available: bool
    reason: str = ""


def is_model_folder(path: str) -> bool:
    return Path(path).is_dir() and (Path(path) / MODEL_FILE).is_file()


def availability(
    model: str, repository: str | None, *, budget_s: float = BUDGET_S, cache_dir: str | None = None
) -> Availability:
    """`model` as it was configured; `repository`: the hub id that it stands for, None where there is none."""
    if is_model_folder(model):
        return Availability(True)
    if Path(model).is_dir():
        return Availability(False, f"the folder {model} holds no {MODEL_FILE}")
    if repository is None:
        return Availability(False, f"{model!r} is neither a folder, a known size nor a hub id")
    if _is_cached(repository, cache_dir):
        return Availability(True)
    if _is_offline():
        return Availability(False, f"{model!r} is not on disk and HF_HUB_OFFLINE is set")
    return _can_be_fetched(model, repository, budget_s)


def _is_cached(repository: str, cache_dir: str | None) -> bool:
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(repository, MODEL_FILE, cache_dir=cache_dir), str)


def _is_offline() -> bool:
    from huggingface_hub import constants

    return constants.HF_HUB_OFFLINE or os.environ.get("HF_HUB_OFFLINE", "").lower() in _TRUE


def _can_be_fetched(model: str, repository: str, budget_s: float) -> Availability:
    outcome: list[Availability] = []
    # A daemon: a name server that hangs must not hold up the end of the process either.
    prober = threading.Thread(
        target=lambda: outcome.append(_probe(model, repository)), name="hub-probe", daemon=True
    )
    prober.start()
    prober.join(budget_s)
    return (
        outcome[0]
        if outcome
        else Availability(
            False, f"{model!r} is not on disk and the hub did not answer within {budget_s:.1f} s"
        )
    )


def _probe(model: str, repository: str) -> Availability:
    """One request for the headers of the weights, redirects to where they are stored included."""
    import httpx
    from huggingface_hub import constants, get_token

    endpoint = os.environ.get("HF_ENDPOINT", constants.ENDPOINT).rstrip("/")
    token = get_token()
    try:
        with httpx.Client(timeout=BUDGET_S, follow_redirects=True) as client:
            reply = client.head(
                f"{endpoint}/{repository}/resolve/main/{MODEL_FILE}",
                headers={"Authorization": f"Bearer {token}"} if token else {},
            )
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        return Availability(False, f"{model!r} is not on disk and the hub cannot be reached ({error})")
    if reply.is_success:
        return Availability(True)
    return Availability(
        False, f"{model!r} is not on disk and the hub says {reply.status_code} to {repository}"
    )
