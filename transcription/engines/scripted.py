"""A deterministic engine for development and tests: it says what it was told, or counts the audio.

With a script it answers a window with the script's words that lie wholly within it. Without one it makes a
word of every 0.3 s of the audio clock that is not silent, named by its place (`w0`, `w1`, …), so that a load
test can see that none was lost, doubled or moved. As a recogniser would, it hears a word that the window cuts
only in part, and only in partials.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from transcription.errors import EngineUnavailable
from transcription.models import Word, join_text

SLOT_SAMPLES = 4_800
"""A counted word is 0.3 s long, about the pace of English (three words a second)."""
SILENCE_RMS = 10 ** (-50 / 20)
"""Quieter audio than -50 dBFS has no counted words."""
_PAUSE_S = 0.5
"""Words further apart belong to different utterances of a whole recording."""
_HALF_A_SAMPLE_S = 0.5 / SAMPLE_RATE_HZ


class ScriptedEngine:
    """Options: `script` ((word, start_s, end_s) triples, or the path of a JSON file of
    {"segments": [{"start", "end", "text", "words"?: [{"word", "start", "end"}]}]}), `cost_ms` that every
    window takes, `concurrency`."""

    name = "scripted"
    version = "1"

    def __init__(self, config: SpeechEngineConfig) -> None:
        options: dict[str, Any] = dict(config.options)
        self.model = "script" if options.get("script") is not None else "counting"
        self.capabilities = SpeechCapabilities(concurrency=int(options.get("concurrency", 1)))
        self._source = options.get("script")
        self._cost_s = float(options.get("cost_ms", 0.0)) / 1000
        self._script: tuple[Word, ...] | None = None

    def load(self) -> None:
        if self._source is None:
            return
        try:
            self._script = read_script(self._source)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EngineUnavailable(
                self.name,
                f"the script cannot be read ({error})",
                hint='Give (word, start_s, end_s) triples, or the path of a JSON file with "segments".',
            ) from error

    def decode(self, windows: Sequence[SpeechWindow]) -> list[Hypothesis]:
        return [self._decode(window) for window in windows]

    def transcribe(
        self, samples: Samples, options: SpeechOptions, on_progress: Callable[[float], None]
    ) -> Iterator[Hypothesis]:
        whole = SpeechWindow("recording", samples, 0.0, is_final=True, options=options)
        utterance: list[Word] = []
        for word in self._words(whole):
            if utterance and word.start_s - utterance[-1].end_s > _PAUSE_S:
                yield _hypothesis(utterance, options)
                on_progress(min(1.0, word.start_s / whole.duration_s))
                utterance = []
            utterance.append(word)
        if utterance:
            yield _hypothesis(utterance, options)
        on_progress(1.0)

    def close(self) -> None:
        self._script = None

    def _decode(self, window: SpeechWindow) -> Hypothesis:
        began = time.perf_counter()
        if self._cost_s:
            time.sleep(self._cost_s)  # this engine plays one that takes its time
        words = self._words(window)
        return _hypothesis(words, window.options, engine_ms=(time.perf_counter() - began) * 1000)

    def _words(self, window: SpeechWindow) -> list[Word]:
        script = self._counted(window) if self._script is None else self._script
        from_s = window.offset_s - _HALF_A_SAMPLE_S
        until_s = window.offset_s + window.duration_s + _HALF_A_SAMPLE_S
        heard = [word for word in script if word.start_s >= from_s and word.end_s <= until_s]
        if not window.is_final:
            heard += [_cut(word, until_s) for word in script if from_s <= word.start_s < until_s < word.end_s]
        return heard

    def _counted(self, window: SpeechWindow) -> list[Word]:
        first = round(window.offset_s * SAMPLE_RATE_HZ)
        words = []
        for slot in range(first // SLOT_SAMPLES, (first + len(window.samples)) // SLOT_SAMPLES + 1):
            start = slot * SLOT_SAMPLES
            audio = window.samples[max(0, start - first) : max(0, start - first + SLOT_SAMPLES)]
            if len(audio) and np.sqrt(np.mean(np.square(audio, dtype=np.float64))) >= SILENCE_RMS:
                words.append(
                    Word(f"w{slot}", start / SAMPLE_RATE_HZ, (start + SLOT_SAMPLES) / SAMPLE_RATE_HZ)
                )
        return words


def read_script(source: Any) -> tuple[Word, ...]:
    """Words in order of start. Raises OSError, ValueError, KeyError or TypeError for what is no script."""
    if isinstance(source, (str, Path)):
        document = json.loads(Path(source).read_text(encoding="utf-8"))
        words = [word for segment in document["segments"] for word in _segment_words(segment)]
    else:
        words = [Word(str(text), float(start_s), float(end_s)) for text, start_s, end_s in source]
    return tuple(sorted(words, key=lambda word: word.start_s))


def _segment_words(segment: Mapping[str, Any]) -> list[Word]:
    """A segment's own words where it has their times, else its text laid evenly over it."""
    timed = segment.get("words") or ()
    if timed and all(isinstance(word, Mapping) for word in timed):
        return [Word(str(word["word"]), float(word["start"]), float(word["end"])) for word in timed]
    texts = str(segment["text"]).split()
    start_s, end_s = float(segment["start"]), float(segment["end"])
    length_s = (end_s - start_s) / max(1, len(texts))
    return [
        Word(text, start_s + index * length_s, start_s + (index + 1) * length_s)
        for index, text in enumerate(texts)
    ]


def _cut(word: Word, until_s: float) -> Word:
    """What is heard of a word whose end has not come: as many of its letters as of its time, and a dash."""
    part = (until_s - word.start_s) / (word.end_s - word.start_s)
    return Word(word.text[: max(1, int(len(word.text) * part))] + "-", word.start_s, until_s)


def _hypothesis(words: Sequence[Word], options: SpeechOptions, *, engine_ms: float = 0.0) -> Hypothesis:
    language = options.language or "en"
    if not words:
        return Hypothesis((), language=language, engine_ms=engine_ms)
    text = join_text((word.text for word in words), language)
    segment = HypothesisSegment(words[0].start_s, words[-1].end_s, text, tuple(words))
    return Hypothesis((segment,), language=language, engine_ms=engine_ms)
