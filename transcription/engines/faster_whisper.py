"""The production recogniser: Whisper through faster-whisper and CTranslate2.

A model is a size ("small"), a hub id or a local folder. Live windows are decoded in batches by a path of our
own over faster-whisper's loaded model (`faster_whisper_windows`); whole recordings go through its own long
form with VAD. Earlier text is never conditioned on unless the caller gives a prompt: loops feed on it. The
silence that Whisper would fill with words does not get this far: the streaming core keeps it.
"""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from queue import SimpleQueue
from typing import Any

from transcription.engines.base import (
    SAMPLE_RATE_HZ,
    Hypothesis,
    Samples,
    SpeechCapabilities,
    SpeechEngineConfig,
    SpeechOptions,
    SpeechWindow,
)
from transcription.engines.faster_whisper_decoding import TEMPERATURES
from transcription.engines.faster_whisper_language import ENGLISH, whisper_language
from transcription.engines.faster_whisper_loading import NAME, can_be_loaded, failure, load_model
from transcription.engines.faster_whisper_longform import as_heard, pieces, put_together
from transcription.engines.faster_whisper_windows import WindowDecoder, WindowSettings
from transcription.errors import EngineFailed, EngineUnavailable

__all__ = ["FasterWhisperEngine", "can_be_loaded"]

BATCH_SIZE = {"cuda": 8, "cpu": 4}
"""Windows of one call, by device."""
FINAL_BATCH_SIZE = {"cuda": None, "cpu": 1}
"""Finals of one call: on a CPU four together take as long as one after the other (docs/engines.md), and then
all have waited for the last."""
_ENGINE_FAULTS = (RuntimeError, ValueError, MemoryError)
"""How CTranslate2 and NumPy say that they could not."""


class FasterWhisperEngine:
    """Options: `compute_type` (else by device), `beam_size` of finals (5), `batch_size` (else by device),
    `short_partials` (false: every window is padded to 30 s; true: partials of short utterances to 10 s or 2 s
    more than they have), `partial_tokens_per_s` (24), `workers` (1: calls at a time, which share the
    cores of a CPU), `download_root` for fetched models."""

    name = NAME

    def __init__(self, config: SpeechEngineConfig) -> None:
        self.model = config.model
        self.version = ""
        self.capabilities = SpeechCapabilities(
            batch_size=BATCH_SIZE["cpu"], word_probabilities=True, detects_language=True, translates=True
        )
        self._config = config
        self._whisper: Any = None
        self._windows: SimpleQueue[WindowDecoder] | None = None  # those that are free
        self._languages: frozenset[str] = frozenset()
        self._beam_size = WindowSettings().beam_size

    def load(self) -> None:
        """Raises EngineUnavailable: no package or model, a wrong folder or option, no memory, no CUDA."""
        options: dict[str, Any] = dict(self._config.options)
        settings, batch_size = _settings(options)
        workers = options.get("workers", 1)
        whisper = load_model(self._config)
        self._whisper, self._windows = whisper, SimpleQueue()
        for _ in range(workers):
            self._windows.put(WindowDecoder(whisper, settings))
        self._beam_size = settings.beam_size
        self._languages = frozenset(whisper.supported_languages)
        many = bool(whisper.model.is_multilingual)
        self.version = importlib.metadata.version("faster-whisper")
        self.capabilities = replace(
            self.capabilities,
            batch_size=batch_size or BATCH_SIZE[whisper.model.device],
            final_batch_size=FINAL_BATCH_SIZE[whisper.model.device],
            concurrency=workers,
            detects_language=many,
            translates=many,
            languages=None if many else frozenset({ENGLISH}),
        )

    def decode(self, windows: Sequence[SpeechWindow]) -> list[Hypothesis]:
        """Partials greedily and once, finals with a beam and the ladder of temperatures."""
        free = self._windows
        if free is None:
            raise EngineFailed(self.name, "decode before load, or after close", retryable=False)
        for window in windows:
            self._check_task(window.options)
        decoder = free.get()
        try:
            return decoder.decode(windows)
        except _ENGINE_FAULTS as error:
            raise failure(error) from error
        finally:
            free.put(decoder)

    def transcribe(
        self, samples: Samples, options: SpeechOptions, on_progress: Callable[[float], None]
    ) -> Iterator[Hypothesis]:
        """faster-whisper's own long form with its VAD; one hypothesis for each segment."""
        if self._whisper is None:
            raise EngineFailed(self.name, "transcribe before load, or after close", retryable=False)
        self._check_task(options)
        duration_s = len(samples) / SAMPLE_RATE_HZ
        asked = language = whisper_language(options.language, self._languages)
        probability: float | None = None
        began = time.perf_counter()
        try:
            for start_s, piece in pieces(samples):
                end_s = start_s + len(piece) / SAMPLE_RATE_HZ
                segments, info = self._whisper.transcribe(piece, language=language, **self._longform(options))
                for group in put_together(segments):
                    if not asked and probability is None:  # what is spoken first is spoken to the end
                        language, probability = info.language, float(info.language_probability)
                    heard = as_heard(group, start_s=start_s, end_s=end_s)
                    engine_ms = (time.perf_counter() - began) * 1000
                    yield Hypothesis((heard,), info.language, probability, engine_ms=engine_ms)
                    on_progress(min(1.0, heard.end_s / duration_s))
                    began = time.perf_counter()
        except _ENGINE_FAULTS as error:
            raise failure(error) from error
        on_progress(1.0)

    def _longform(self, options: SpeechOptions) -> dict[str, Any]:
        return {
            "task": options.task,
            "beam_size": self._beam_size,
            "temperature": TEMPERATURES,
            "condition_on_previous_text": False,
            "initial_prompt": options.prompt or None,
            "hotwords": ", ".join(options.vocabulary) or None,
            "word_timestamps": options.word_timestamps,
            "vad_filter": True,
        }

    def close(self) -> None:
        self._whisper = self._windows = None

    def _check_task(self, options: SpeechOptions) -> None:
        if options.task == "translate" and not self.capabilities.translates:
            raise EngineFailed(
                self.name, f"{self.model} reads English only and cannot translate", retryable=False
            )


def _settings(options: dict[str, Any]) -> tuple[WindowSettings, int | None]:
    """The settings of windows and the batch size (None: by device). Raises EngineUnavailable."""
    usual = WindowSettings()
    batch_size = options.get("batch_size")
    settings = WindowSettings(
        beam_size=options.get("beam_size", usual.beam_size),
        short_partials=options.get("short_partials", usual.short_partials),
        partial_tokens_per_s=options.get("partial_tokens_per_s", usual.partial_tokens_per_s),
    )
    workers = options.get("workers", 1)
    for name, value in (*asdict(settings).items(), ("batch_size", batch_size), ("workers", workers)):
        right = isinstance(value, bool) if name == "short_partials" else type(value) is int and value > 0
        if not right and (name, value) != ("batch_size", None):
            raise EngineUnavailable(
                NAME,
                f"{name} cannot be {value!r}",
                hint="Give true or false for short_partials and whole numbers from 1 for the others.",
            )
    return settings, batch_size
