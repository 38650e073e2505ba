"""The seam between the live path and whatever recognises speech.

An engine gets windows of 16 kHz mono float32 samples and gives one hypothesis for each. It keeps no
session: the same window twice gives the same answer. An engine that can continue an utterance may keep a
cache by `utterance_key` and rebuilds it on a miss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from transcription.models import Word, join_text

SAMPLE_RATE_HZ = 16_000
Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """What a caller asks of a decode. `language` None means: detect. `task` translate: into English, where
    the engine says that it translates; `language` is the one that is spoken."""

    language: str | None = None
    prompt: str = ""
    vocabulary: tuple[str, ...] = ()
    word_timestamps: bool = True
    task: Literal["transcribe", "translate"] = "transcribe"


@dataclass(frozen=True, slots=True)
class SpeechWindow:
    """One window to decode.

    `samples`: float32 in [-1, 1], 16 kHz, shape (n,). `offset_s`: where the window starts on the audio
    clock; times in the answer are on that clock. `utterance_key`: the same for every window of an
    utterance, whose windows all start at the same sample and only grow. `is_final`: the last one.
    """

    utterance_key: str
    samples: Samples
    offset_s: float
    is_final: bool
    options: SpeechOptions = SpeechOptions()

    @property
    def duration_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class HypothesisSegment:
    """A piece of a hypothesis. What an engine does not measure is None."""

    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...] = ()
    avg_logprob: float | None = None
    no_speech_prob: float | None = None
    compression_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What an engine said of one window, on the audio clock."""

    segments: tuple[HypothesisSegment, ...]
    language: str | None = None
    language_probability: float | None = None
    engine_ms: float = 0.0
    provisional: bool = False
    """The utterance's final comes from another pass over it, which weighs all words anew: what successive
    hypotheses agree on is no promise."""
    settled: int = 0
    """Of a provisional one's words, how many from the first on have that pass behind them: nothing that
    follows changes them."""
    complete: bool = False
    """The same window as a final one would bring the same: there is no need to ask."""

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def text(self) -> str:
        return join_text((segment.text for segment in self.segments), self.language)


@dataclass(frozen=True, slots=True)
class SpeechCapabilities:
    """What an engine can do; the callers ask here instead of knowing engines by name."""

    batch_size: int = 1
    """Partials it likes to decode in one call; 1: they go one by one."""
    final_batch_size: int | None = None
    """Finals likewise; None: as many as partials."""
    concurrency: int = 1
    """Calls of `decode` that may run at the same time."""
    incremental: bool = False
    """Continues an utterance, so that a grown window costs only what is new."""
    word_probabilities: bool = False
    detects_language: bool = False
    translates: bool = False
    languages: frozenset[str] | None = None
    """Primary language subtags it reads; None: many."""


class SpeechEngine(Protocol):
    """A recogniser. `load` comes first, once per process, after any fork."""

    name: str
    model: str
    version: str
    capabilities: SpeechCapabilities

    def load(self) -> None:
        """Raises EngineUnavailable with a hint for the operator."""

    def decode(self, windows: Sequence[SpeechWindow]) -> list[Hypothesis]:
        """One hypothesis per window, in order. Raises EngineFailed."""

    def transcribe(
        self, samples: Samples, options: SpeechOptions, on_progress: Callable[[float], None]
    ) -> Iterator[Hypothesis]:
        """A whole recording, one hypothesis per utterance, as they come; `on_progress` gets 0..1."""

    def close(self) -> None:
        """Let go of models and child processes."""


@dataclass(frozen=True, slots=True)
class SpeechEngineConfig:
    """What every engine is made with; `options` are the engine's own, from settings."""

    model: str
    device: str = "auto"
    compute_threads: int = 0
    options: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def from_settings(cls, model: str, options: Mapping[str, Any]) -> SpeechEngineConfig:
        """`device` and `compute_threads` among the options are for every engine, the rest its own."""
        own = dict(options)
        device, threads = own.pop("device", "auto"), own.pop("compute_threads", 0)
        return cls(model, device=device, compute_threads=threads, options=tuple(own.items()))
