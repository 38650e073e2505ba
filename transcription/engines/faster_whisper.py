"""The production recogniser: Whisper through faster-whisper and CTranslate2.

A model is a size ("small"), a hub id or a local folder. int8 on a CPU, float16 on a GPU. Earlier text is
never conditioned on (loops feed on it), and the silence that Whisper would fill with words does not get this
far: the streaming core keeps it, and whole recordings go through faster-whisper's own VAD.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from transcription.engines.base import (
    SAMPLE_RATE_HZ,
    Hypothesis,
    HypothesisSegment,
    Samples,
    SpeechCapabilities,
    SpeechEngineConfig,
    SpeechOptions,
    SpeechWindow,
)
from transcription.engines.hub import BUDGET_S, Availability, availability
from transcription.errors import EngineFailed, EngineUnavailable
from transcription.models import Word

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Whisper's ladder: a decode that repeats itself or is unsure is tried again (Radford et al., 4.5)."""
FINAL_BEAM_SIZE = 5
PARTIAL_BEAM_SIZE = 1
"""A partial is soon replaced; a wider beam costs twice its time."""
_FOLDER_FILES = ("model.bin", "config.json", "tokenizer.json")
"""Without the tokenizer faster-whisper would ask the hub for one, and wait for it."""
_WHISPER_TAGS = {"nb": "no", "jv": "jw", "iw": "he", "fil": "tl", "cmn": "zh", "in": "id", "ji": "yi"}
"""Primary language subtags (BCP 47) that Whisper knows by another name."""


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


class FasterWhisperEngine:
    """Options: `compute_type` (else by device), `beam_size` of finals, `download_root` for fetched models."""

    name = "faster-whisper"

    def __init__(self, config: SpeechEngineConfig) -> None:
        self.model = config.model
        self.version = ""
        self.capabilities = SpeechCapabilities(
            word_probabilities=True, detects_language=True, translates=True
        )
        self._config = config
        self._options: dict[str, Any] = dict(config.options)
        self._whisper: Any = None
        self._languages: frozenset[str] = frozenset()

    def load(self) -> None:
        """Raises EngineUnavailable: no package, no model, a wrong folder, no memory, no CUDA."""
        try:
            import ctranslate2
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise EngineUnavailable(
                self.name, f"it cannot be imported ({error})", hint="Install it: pip install faster-whisper."
            ) from error
        self._check_folder()
        device = self._config.device
        if device == "auto":
            device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
        try:
            self._whisper = WhisperModel(
                self._config.model,
                device=device,
                compute_type=self._options.get("compute_type", "float16" if device == "cuda" else "int8"),
                cpu_threads=self._config.compute_threads,
                download_root=self._options.get("download_root"),
            )
            if device == "cuda":
                # CUDA's libraries are looked for at the first computation, not when the model is loaded.
                self._whisper.encode(np.zeros((self._whisper.model.n_mels, 3000), np.float32))
        except Exception as error:
            # What may be missing is reported by five libraries in as many types; all of it is one thing here.
            self._whisper = None
            raise EngineUnavailable(self.name, _reason(error), hint=self._hint(error, device)) from error
        self._languages = frozenset(self._whisper.supported_languages)
        many = bool(self._whisper.model.is_multilingual)
        self.version = importlib.metadata.version("faster-whisper")
        self.capabilities = replace(
            self.capabilities,
            detects_language=many,
            translates=many,
            languages=None if many else frozenset({"en"}),
        )

    def decode(self, windows: Sequence[SpeechWindow]) -> list[Hypothesis]:
        return [self._decode(window) for window in windows]

    def transcribe(
        self, samples: Samples, options: SpeechOptions, on_progress: Callable[[float], None]
    ) -> Iterator[Hypothesis]:
        """faster-whisper's own long form with its VAD; one hypothesis per segment."""
        duration_s = len(samples) / SAMPLE_RATE_HZ
        began = time.perf_counter()
        try:
            segments, info = self._run(samples, options, is_final=True, vad_filter=True)
            for segment in segments:
                heard = _segment(segment, offset_s=0.0, duration_s=duration_s)
                took_ms = (time.perf_counter() - began) * 1000
                yield Hypothesis(
                    (heard,), info.language, _detected(info, options, self._languages), engine_ms=took_ms
                )
                on_progress(min(1.0, heard.end_s / duration_s))
                began = time.perf_counter()
        except (RuntimeError, MemoryError) as error:
            raise EngineFailed(self.name, _reason(error), retryable=True) from error
        on_progress(1.0)

    def close(self) -> None:
        self._whisper = None

    def _decode(self, window: SpeechWindow) -> Hypothesis:
        if not len(window.samples):
            return Hypothesis(())
        began = time.perf_counter()
        try:
            segments, info = self._run(
                window.samples, window.options, is_final=window.is_final, vad_filter=False
            )
            heard = tuple(
                _segment(segment, offset_s=window.offset_s, duration_s=window.duration_s)
                for segment in segments
            )
        except (RuntimeError, MemoryError) as error:
            raise EngineFailed(self.name, _reason(error), retryable=True) from error
        return Hypothesis(
            segments=heard,
            language=info.language,
            language_probability=_detected(info, window.options, self._languages),
            engine_ms=(time.perf_counter() - began) * 1000,
        )

    def _run(
        self, samples: Samples, options: SpeechOptions, *, is_final: bool, vad_filter: bool
    ) -> tuple[Iterable[Any], Any]:
        if self._whisper is None:
            raise EngineFailed(self.name, "decode before load, or after close", retryable=False)
        final_beam_size = int(self._options.get("beam_size", FINAL_BEAM_SIZE))
        segments, info = self._whisper.transcribe(
            samples,
            language=_whisper_language(options.language, self._languages),
            beam_size=final_beam_size if is_final else PARTIAL_BEAM_SIZE,
            temperature=TEMPERATURES if is_final else TEMPERATURES[0],
            condition_on_previous_text=False,
            initial_prompt=options.prompt or None,
            hotwords=", ".join(options.vocabulary) or None,
            word_timestamps=options.word_timestamps,
            vad_filter=vad_filter,
        )
        return segments, info

    def _check_folder(self) -> None:
        folder = Path(self._config.model)
        if not folder.is_dir():
            return
        missing = [name for name in _FOLDER_FILES if not (folder / name).is_file()]
        if missing:
            raise EngineUnavailable(
                self.name,
                f"{folder} is no CTranslate2 Whisper model: {', '.join(missing)} missing",
                hint="Convert one: ct2-transformers-converter --model MODEL --output_dir FOLDER"
                " --copy_files tokenizer.json preprocessor_config.json.",
            )

    def _hint(self, error: Exception, device: str) -> str:
        text = str(error).lower()
        if "out of memory" in text or "bad_alloc" in text or isinstance(error, MemoryError):
            return "Use a smaller model, or a compute_type that needs less (int8, int8_float16)."
        if device == "cuda" or "cuda" in text:
            return "Install CUDA 12's cuBLAS and cuDNN 9 for CTranslate2, or set the device to cpu."
        if isinstance(error, ValueError) and "compute type" in text:
            return "Leave compute_type out: it is int8 on a CPU and float16 on a GPU."
        return (
            "Name a size (tiny, base, small, medium, large-v3, turbo), a hub id or a CTranslate2 folder;"
            " without a network only a folder, or what the hub's cache has, can be loaded."
        )


def _segment(segment: Any, *, offset_s: float, duration_s: float) -> HypothesisSegment:
    """faster-whisper's segment on the audio clock. Whisper pads to 30 s, and may put words there."""

    def place(at_s: float) -> float:
        return offset_s + min(max(float(at_s), 0.0), duration_s)

    return HypothesisSegment(
        start_s=place(segment.start),
        end_s=place(segment.end),
        text=segment.text.strip(),
        words=tuple(
            Word(word.word.strip(), place(word.start), place(word.end), min(1.0, float(word.probability)))
            for word in segment.words or ()
            if word.word.strip()
        ),
        avg_logprob=float(segment.avg_logprob),
        no_speech_prob=float(segment.no_speech_prob),
        compression_ratio=float(segment.compression_ratio),
    )


def _whisper_language(language: str | None, known: frozenset[str]) -> str | None:
    """Whisper's name of a BCP 47 tag; None (detect) where it was not given or Whisper does not know it."""
    primary = (language or "").replace("_", "-").split("-")[0].lower()
    tag = _WHISPER_TAGS.get(primary, primary)
    if known == {"en"}:
        return "en"
    return tag if tag in known else None


def _detected(info: Any, options: SpeechOptions, known: frozenset[str]) -> float | None:
    """How sure the detection was; None where nothing was detected."""
    return None if _whisper_language(options.language, known) else float(info.language_probability)


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
