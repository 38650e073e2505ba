"""A scripted engine that errs as real ones do, so that a streaming core can be held against the truth.

It knows the words and their times and answers a window with the words in it, and with faults whose rates are
options: cut words garbled or missing, the last words wrong until enough follows them, loops, words where
nobody speaks, errors, no answer, and a decode time that is drawn. What it says depends on the seed and the
window alone; only how a call goes (its time, an error, no answer) also depends on how many came before.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from math import exp
from typing import Any

from transcription.engines.adversary_faults import Dice, Faults, sounds_like
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
from transcription.engines.longform import transcribe_by_utterances
from transcription.engines.scripted import read_script
from transcription.errors import EngineFailed, EngineUnavailable
from transcription.models import Word, join_text

SEGMENT_PAUSE_S = 0.3
"""Words further apart are put in different segments, about as Whisper does."""
LOOP_WORDS = 60
"""A loop runs until the decoder's budget is spent: Whisper's 224 tokens are more than this."""
INVENTED = ("thank you for watching", "thank you", "please subscribe", "you", "bye bye")
"""The sort of thing that Whisper says where nobody speaks (Koenecke et al. 2024, arXiv 2402.08021)."""
GLIMPSE_S = 0.01
"""Of a word that the window cuts, less than this is not heard at all."""
_HALF_A_SAMPLE_S = 0.5 / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Answer:
    """How one call went: the hypothesis, or what was wrong, and how long it took."""

    hypothesis: Hypothesis | None
    latency_s: float
    fault: str = ""


class AdversaryEngine:
    """Options: `script` as the scripted engine takes it, the fields of Faults by name, `concurrency`."""

    name = "adversary"
    version = "1"

    def __init__(self, config: SpeechEngineConfig) -> None:
        """Raises EngineUnavailable for an option that there is not."""
        options: dict[str, Any] = dict(config.options)
        self.model = "script"
        self.capabilities = SpeechCapabilities(
            concurrency=int(options.pop("concurrency", 1)), word_probabilities=True
        )
        self._source = options.pop("script", None)
        known = {field.name for field in fields(Faults)}
        if unknown := sorted(set(options) - known):
            raise EngineUnavailable(
                self.name,
                f"there is no option {', '.join(unknown)}",
                hint=f"There are script, concurrency, {', '.join(sorted(known))}.",
            )
        self.faults = Faults(**options)
        self._script: tuple[Word, ...] = ()
        self._starts_s: list[float] = []
        self._longest_s = 0.0
        self._pause_s: list[float] = []  # where the speech that a word belongs to pauses next
        self._dice = Dice(self.faults.seed)
        self._calls = 0

    def load(self) -> None:
        try:
            self._script = read_script(self._source if self._source is not None else ())
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EngineUnavailable(
                self.name,
                f"the script cannot be read ({error})",
                hint='Give (word, start_s, end_s) triples, or the path of a JSON file with "segments".',
            ) from error
        self._starts_s = [word.start_s for word in self._script]
        self._longest_s = max((word.end_s - word.start_s for word in self._script), default=0.0)
        self._pause_s = [word.end_s for word in self._script]
        for index in range(len(self._script) - 2, -1, -1):
            if self._starts_s[index + 1] < self._script[index].end_s + self.faults.right_silence_s:
                self._pause_s[index] = self._pause_s[index + 1]

    def decode(self, windows: Sequence[SpeechWindow]) -> list[Hypothesis]:
        """Takes as long as was drawn. Raises EngineFailed for an error, and in place of no answer."""
        heard: list[Hypothesis] = []
        for window in windows:
            answer = self.answer(window)
            time.sleep(answer.latency_s)  # this engine plays one that takes its time
            if answer.hypothesis is None:
                raise EngineFailed(self.name, answer.fault, retryable=True)
            heard.append(answer.hypothesis)
        return heard

    def transcribe(
        self, samples: Samples, options: SpeechOptions, on_progress: Callable[[float], None]
    ) -> Iterator[Hypothesis]:
        return transcribe_by_utterances(self, samples, options, on_progress)

    def close(self) -> None:
        self._script = ()

    def answer(self, window: SpeechWindow) -> Answer:
        """The same as `decode`, in no time: for whoever keeps a clock of their own."""
        faults, call = self.faults, self._calls
        self._calls += 1
        median_s = (faults.latency_fixed_ms + faults.latency_per_s_ms * window.duration_s) / 1000
        latency_s = median_s * exp(faults.latency_sigma * self._dice.normal("latency", call))
        fate = self._dice.draw("fate", call)
        if fate < faults.error:
            return Answer(None, latency_s, "an error that was drawn")
        if fate < faults.error + faults.no_answer:
            return Answer(None, faults.hang_s, "no answer")
        return Answer(self._hypothesis(window, latency_s), latency_s)

    # What is heard

    def _hypothesis(self, window: SpeechWindow, latency_s: float) -> Hypothesis:
        words = self._heard(window)
        language = window.options.language or "en"
        segments = [_segment(group, language, logprob=-0.25, no_speech=0.02) for group in _phrases(words)]
        segments += self._invented(window, words, language)
        if segments and self._dice.draw("loop", *_place(window)) < self.faults.loop:
            segments = [_segment(self._looped(window, segments), language, logprob=-0.5, no_speech=0.1)]
        return Hypothesis(
            tuple(segments), language=language, language_probability=1.0, engine_ms=latency_s * 1000
        )

    def _heard(self, window: SpeechWindow) -> list[Word]:
        from_s = window.offset_s - _HALF_A_SAMPLE_S
        until_s = window.offset_s + window.duration_s + _HALF_A_SAMPLE_S
        heard: list[Word] = []
        at_s = window.offset_s
        first = bisect_left(self._starts_s, from_s - self._longest_s)
        for index in range(first, bisect_left(self._starts_s, until_s - GLIMPSE_S)):
            word = self._script[index]
            if word.end_s <= from_s + GLIMPSE_S:
                continue
            said = self._said(window, index, from_s, until_s)
            if said is None:
                continue
            text, sure = said
            start_s = max(at_s, word.start_s + self._shift("start", window, index))
            end_s = word.end_s + self._shift("end", window, index)
            at_s = min(max(start_s, end_s), window.offset_s + window.duration_s)
            start_s = min(start_s, at_s)
            draw = self._dice.draw("probability", index, *_place(window))
            heard.append(Word(text, start_s, at_s, 0.7 + 0.3 * draw if sure else 0.2 + 0.6 * draw))
        return heard

    def _said(
        self, window: SpeechWindow, index: int, from_s: float, until_s: float
    ) -> tuple[str, bool] | None:
        """What a word that lies at least in part in the window is heard as, and whether surely so."""
        faults, word = self.faults, self._script[index]
        place = (index, *_place(window))
        text = word.text
        if self._dice.draw("misheard", index) < faults.misheard:
            text = sounds_like(text, self._dice.draw("as", index))
        if word.start_s < from_s or word.end_s > until_s:
            if self._dice.draw("cut", *place) < faults.cut_drop:
                return None
            shown = (min(until_s, word.end_s) - max(from_s, word.start_s)) / (word.end_s - word.start_s)
            letters = max(1, int(len(text) * shown))
            return (text[:letters] if word.start_s >= from_s else text[-letters:]) + "-", False
        settled = (
            until_s - word.end_s >= faults.right_context_s
            or until_s - self._pause_s[index] >= faults.right_silence_s
        )
        unstable = not settled and self._dice.draw("tail", *place) < faults.tail_wrong
        if unstable and self._dice.draw("gone", *place) < 0.5:
            return None
        if unstable or self._dice.draw("flicker", *place) < faults.flicker:
            return sounds_like(text, self._dice.draw("tail as", *place)), False
        return text, True

    def _invented(
        self, window: SpeechWindow, words: Sequence[Word], language: str
    ) -> list[HypothesisSegment]:
        """Words where none were said. The same silence brings the same ones, as it does with Whisper."""
        end_s = window.offset_s + window.duration_s
        silence_from_s = words[-1].end_s if words else window.offset_s
        if words and end_s - silence_from_s < self.faults.invent_after_s:
            return []
        if self._dice.draw("invent", *_place(window)) >= self.faults.invent:
            return []
        silence = f"{silence_from_s:.1f}" if words else _place(window)[0]
        texts = INVENTED[int(self._dice.draw("invented", silence) * len(INVENTED))].split()
        length_s = min(0.3, (end_s - silence_from_s) / len(texts))
        invented = [
            Word(text, silence_from_s + step * length_s, silence_from_s + (step + 1) * length_s, 0.4)
            for step, text in enumerate(texts)
        ]
        doubt = self._dice.draw("doubt", *_place(window))
        return [_segment(invented, language, logprob=-0.4 - doubt, no_speech=0.4 + 0.5 * doubt)]

    def _looped(self, window: SpeechWindow, segments: Sequence[HypothesisSegment]) -> list[Word]:
        words = [word for segment in segments for word in segment.words]
        if self._dice.draw("swallow", *_place(window)) < self.faults.loop_swallows:
            words = words[: len(words) // 2 + 1]
        size = 1 + int(self._dice.draw("loop size", *_place(window)) * min(4, len(words)))
        phrase, end_s = words[-size:], window.offset_s + window.duration_s
        from_s = min(words[-1].end_s, end_s)
        turns = [Word(word.text, from_s, end_s, word.probability) for word in phrase]
        return words + turns * (LOOP_WORDS // size)

    def _shift(self, edge: str, window: SpeechWindow, index: int) -> float:
        """How far off an edge of a word is heard, in seconds."""
        jitter_s = self.faults.jitter_s
        return jitter_s * self._dice.normal(edge, index, *_place(window)) if jitter_s else 0.0


def _place(window: SpeechWindow) -> tuple[int, int, bool]:
    """What makes a window that window: its first sample, its length, and whether it is a final one."""
    return round(window.offset_s * SAMPLE_RATE_HZ), len(window.samples), window.is_final


def _phrases(words: Sequence[Word]) -> list[list[Word]]:
    groups: list[list[Word]] = []
    for word in words:
        if groups and word.start_s - groups[-1][-1].end_s < SEGMENT_PAUSE_S:
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


def _segment(words: Sequence[Word], language: str, *, logprob: float, no_speech: float) -> HypothesisSegment:
    text = join_text((word.text for word in words), language)
    return HypothesisSegment(
        words[0].start_s, words[-1].end_s, text, tuple(words), avg_logprob=logprob, no_speech_prob=no_speech
    )
