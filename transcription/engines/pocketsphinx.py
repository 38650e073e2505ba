"""The embedded recogniser: pocketsphinx with the en-US model of its own wheel. Works with nothing downloaded.

It decodes incrementally, so an utterance is pinned to one child process, which is sent only what is new; a
child that lost it (it was replaced, or had to make room) is given the window from its start again. It holds
the GIL, so it runs in a bounded pool of child processes. It reads English only, and takes no vocabulary,
prompt or language: callers look at `capabilities.languages`.
"""

from __future__ import annotations

import importlib.metadata
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

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
from transcription.engines.cepstra import to_pcm
from transcription.engines.gaussians import wheel_gaussians
from transcription.engines.longform import transcribe_by_utterances
from transcription.engines.pocketsphinx_process import ChildGone, RecogniserProcess
from transcription.engines.vocal_tract import UNWARPED, Warps, estimate
from transcription.errors import EngineFailed, EngineUnavailable
from transcription.models import Word, join_text

DEFAULT_PROCESSES = 2
DEFAULT_DECODERS_PER_PROCESS = 4
"""Open utterances that a child keeps; each decoder is 91 MB and is made when it is first needed."""
DEFAULT_ANSWER_TIMEOUT_S = 8.0
"""On top of the window's own length: a machine that is slower than speech is no use live."""
_ATTEMPTS = 2
"""A window whose child died is given to a new one once."""


@dataclass(frozen=True, slots=True)
class _Adapted:
    """The engine, for the windows of one recording whose voices are known."""

    engine: PocketSphinxEngine
    warps: Warps

    def decode(self, windows: Sequence[SpeechWindow]) -> list[Hypothesis]:
        return self.engine.decode(windows, self.warps)


class PocketSphinxEngine:
    """Options: `processes`, `decoders_per_process`, `answer_timeout_s`, `warps`, and `decoder`, a mapping
    that goes to pocketsphinx as it is (`hmm`, `lm`, `dict` for a model of one's own)."""

    name = "pocketsphinx"

    def __init__(self, config: SpeechEngineConfig) -> None:
        options: dict[str, Any] = dict(config.options)
        processes = int(options.get("processes", DEFAULT_PROCESSES))
        self.model = "en-us"
        self.version = ""
        self.capabilities = SpeechCapabilities(
            concurrency=processes,
            incremental=True,
            word_probabilities=True,
            languages=frozenset({"en"}),
        )
        self._answer_timeout_s = float(options.get("answer_timeout_s", DEFAULT_ANSWER_TIMEOUT_S))
        self._decoders = int(options.get("decoders_per_process", DEFAULT_DECODERS_PER_PROCESS))
        decoder = dict(options.get("decoder", {}))
        self._children = [
            RecogniserProcess(decoders=self._decoders, options=decoder) for _ in range(processes)
        ]
        # Another model's features and Gaussians may be of another kind; a warp that was set is meant.
        self._warps = bool(options.get("warps", True)) and not {"hmm", "warp_params"} & decoder.keys()
        self._waiting = [0] * processes
        self._table = threading.Lock()
        self._loaded = False

    @property
    def child_pids(self) -> tuple[int, ...]:
        return tuple(child.pid for child in self._children if child.pid is not None)

    def load(self) -> None:
        if self._loaded:
            return
        try:
            self.version = importlib.metadata.version("pocketsphinx")
        except importlib.metadata.PackageNotFoundError as error:
            raise EngineUnavailable(
                self.name, "the package is not installed", hint="Install it: pip install pocketsphinx==5.0.4."
            ) from error
        try:
            for child in self._children:
                child.start()
            for child in self._children:
                child.wait_ready()
        except EngineUnavailable:
            self.close()
            raise
        self._loaded = True

    def decode(self, windows: Sequence[SpeechWindow], warps: Warps = UNWARPED) -> list[Hypothesis]:
        """`warps`: on the audio clock, as the windows' offsets are."""
        if not self._loaded:
            raise EngineFailed(self.name, "decode before load, or after close", retryable=False)
        return [self._decode(window, warps) for window in windows]

    def transcribe(
        self, samples: Samples, options: SpeechOptions, on_progress: Callable[[float], None]
    ) -> Iterator[Hypothesis]:
        """The voices are looked at first: each sentence is read with filters for the one that says it."""
        warps = estimate(samples, wheel_gaussians(), on_progress) if self._warps else UNWARPED
        yield from transcribe_by_utterances(_Adapted(self, warps), samples, options, on_progress)

    def close(self) -> None:
        self._loaded = False
        for child in self._children:
            child.kill()
        for child in self._children:
            with child.lock:
                child.stop()

    def _decode(self, window: SpeechWindow, warps: Warps) -> Hypothesis:
        index = self._pick(window.utterance_key)
        child = self._children[index]
        try:
            with child.lock:
                reply = self._ask(child, window, warps)
        finally:
            with self._table:
                self._waiting[index] -= 1
        _, heard, settled, complete, engine_ms = reply
        words = tuple(
            Word(text, start_s, end_s, probability).shifted(window.offset_s)
            for text, start_s, end_s, probability in heard
        )
        segments: tuple[HypothesisSegment, ...] = ()
        if words:
            text = join_text(word.text for word in words)
            segments = (HypothesisSegment(words[0].start_s, words[-1].end_s, text, words),)
        # Measured: its last pass over a sentence changes 8 % of what partials agreed on, however long they
        # had agreed; without that pass 4 points more of the words are wrong.
        return Hypothesis(
            segments,
            language="en",
            engine_ms=engine_ms,
            provisional=not window.is_final,
            settled=settled,
            complete=complete,
        )

    def _pick(self, key: str) -> int:
        """The child that has the utterance, else the one with the least to do."""
        with self._table:
            holding = [index for index, child in enumerate(self._children) if key in child.fed]
            index = min(
                holding or range(len(self._children)),
                key=lambda index: (self._waiting[index], len(self._children[index].fed)),
            )
            self._children[index].fed.setdefault(key, 0)
            self._waiting[index] += 1
            return index

    def _ask(self, child: RecogniserProcess, window: SpeechWindow, warps: Warps) -> tuple[Any, ...]:
        """Only what is new where the child has the rest; all of it where it has not."""
        timeout_s = self._answer_timeout_s + window.duration_s
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._exchange(child, window, warps, timeout_s)
            except ChildGone as gone:
                self._replace(child)
                if attempt == _ATTEMPTS:
                    raise EngineFailed(
                        self.name, f"its process failed twice on this window: {gone}", retryable=True
                    ) from gone
            except EngineFailed:
                self._note(child, window.utterance_key, None)
                raise
        raise AssertionError("unreachable")

    def _exchange(
        self, child: RecogniserProcess, window: SpeechWindow, warps: Warps, timeout_s: float
    ) -> tuple[Any, ...]:
        key = window.utterance_key
        fed = child.fed.get(key, 0)
        if fed > len(window.samples):
            fed = 0
        first = round(window.offset_s * SAMPLE_RATE_HZ)
        of_window = warps.within(first, first + len(window.samples))
        reply: tuple[Any, ...] = ("missing",)
        for start in (fed, 0):
            pcm = to_pcm(window.samples[start:]).tobytes()
            reply = child.ask((key, start, pcm, window.is_final, of_window), timeout_s)
            if reply[0] != "missing":
                break
        self._note(child, key, None if window.is_final else len(window.samples))
        return reply

    def _note(self, child: RecogniserProcess, key: str, fed_samples: int | None) -> None:
        with self._table:
            child.fed.pop(key, None)
            if fed_samples is not None:
                child.fed[key] = fed_samples
                while len(child.fed) > self._decoders:  # as the child itself makes room: the oldest goes
                    child.fed.pop(next(iter(child.fed)))

    def _replace(self, child: RecogniserProcess) -> None:
        child.stop()
        if not self._loaded:
            raise EngineFailed(self.name, "closed while at work", retryable=False)
        try:
            child.start()
            child.wait_ready()
        except EngineUnavailable as error:
            raise EngineFailed(self.name, error.reason, retryable=True) from error
