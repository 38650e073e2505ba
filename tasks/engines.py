"""The speech engines of a live worker: one process owns them, by model, each behind its batcher.

The default model is loaded before the worker takes its first task and stays. Others that a client may ask
for are loaded when first asked for, at most EXTRA_MODELS of them at a time; the one unused for longest goes.
An engine that does not run named models (the embedded recogniser has one of its own) serves every name.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future

import structlog

from tasks.batcher import Batcher, BatcherClosedError, Decoded
from transcription.engines.base import SpeechEngine, SpeechWindow

log = structlog.get_logger(__name__)

EXTRA_MODELS = 1
"""Beside the default: `accurate` next to `fast`. Every further one would hold its weights in memory."""


class ModelNotAllowedError(Exception):
    """A model that this installation does not offer."""


class LiveEngines:
    """`load` makes and loads the engine for a model (raising EngineUnavailable); `allowed`: the names that
    an order may carry beside the default."""

    def __init__(
        self, *, default_model: str, allowed: tuple[str, ...], load: Callable[[str], SpeechEngine]
    ) -> None:
        self._default_model = default_model
        self._allowed = frozenset(allowed)
        self._load = load
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._extra: OrderedDict[str, Batcher] = OrderedDict()
        self._default = Batcher(load(default_model))

    @property
    def default(self) -> SpeechEngine:
        return self._default.engine

    def submit(self, model: str, window: SpeechWindow) -> tuple[SpeechEngine, Future[Decoded]]:
        """The engine that will answer, and its answer.

        Raises ModelNotAllowedError, or EngineUnavailable where the model cannot be loaded.
        """
        while True:
            batcher = self._batcher(model)
            try:
                return batcher.engine, batcher.submit(window)
            except BatcherClosedError:  # it was the least used one a moment ago: load it again
                if batcher is self._default:
                    raise

    def longest_call_s(self) -> float:
        with self._lock:
            batchers = [self._default, *self._extra.values()]
        return max(batcher.longest_call_s() for batcher in batchers)

    def close(self) -> None:
        with self._lock:
            batchers = [self._default, *self._extra.values()]
            self._extra.clear()
        for batcher in batchers:
            batcher.close()

    def _batcher(self, model: str) -> Batcher:
        if model in ("", self._default_model):
            return self._default
        if model not in self._allowed:
            raise ModelNotAllowedError(model)
        if self.default.model != self._default_model:
            return self._default
        if found := self._loaded(model):
            return found
        with self._loading:  # decodes of loaded models go on meanwhile
            if found := self._loaded(model):
                return found
            log.info("engine_loading", model=model)
            made = Batcher(self._load(model))
            with self._lock:
                self._extra[model] = made
                surplus = [self._extra.popitem(last=False)[1] for _ in range(len(self._extra) - EXTRA_MODELS)]
        for batcher in surplus:
            log.info("engine_let_go", model=batcher.engine.model)
            batcher.close()
        return made

    def _loaded(self, model: str) -> Batcher | None:
        with self._lock:
            if found := self._extra.get(model):
                self._extra.move_to_end(model)
            return found
