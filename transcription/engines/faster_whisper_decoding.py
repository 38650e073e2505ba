"""Whisper's decoder over a batch: greedy and once for partials, a beam and the ladder for finals."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transcription.engines.faster_whisper_encoding import rows

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Whisper's ladder: a decode that repeats itself or is unsure is tried again (Radford et al., 4.5)."""
MAX_COMPRESSION_RATIO = 2.4
MIN_AVG_LOGPROB = -1.0
MAX_NO_SPEECH_PROB = 0.6
"""The same section's thresholds."""
CANDIDATES = 5
"""Sampled at each temperature above 0; the likeliest counts."""
MAX_FIRST_TIMESTAMP = 50
"""The first timestamp lies within 1 s, as in Whisper's own decoder."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the decoder said of one window. `tokens`: text and timestamps."""

    tokens: tuple[int, ...]
    text: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float

    @property
    def passes(self) -> bool:
        """Not to be tried again: neither a loop nor unsure; or silence, whatever was made of it."""
        unsure = self.avg_logprob < MIN_AVG_LOGPROB
        if unsure and self.no_speech_prob > MAX_NO_SPEECH_PROB:
            return True
        return not unsure and self.compression_ratio <= MAX_COMPRESSION_RATIO


@dataclass(frozen=True, slots=True)
class Decoding:
    """How a batch is decoded. `budgets`: the most new tokens of each window, None: what the model holds."""

    beam_size: int
    temperatures: tuple[float, ...]
    suppressed: Sequence[int]
    max_length: int
    budgets: Sequence[int | None]


def generate(
    model: Any, encoded: Any, prompts: Sequence[Sequence[int]], tokenizer: Any, decoding: Decoding
) -> list[Answer]:
    """An answer for each row of `encoded`. The prompts are of one length, with the start at one place.

    What does not pass is tried at the next temperature, alone; where none passes the likeliest one stands
    that is no loop, or the likeliest of all.
    """
    tried: list[list[Answer]] = [[] for _ in prompts]
    waiting = list(range(len(prompts)))
    for temperature in decoding.temperatures:
        results = _run(
            model, rows(encoded, waiting), [prompts[row] for row in waiting], decoding, temperature
        )
        for row, result in zip(waiting, results, strict=True):
            tried[row].append(_answer(result, tokenizer, decoding.budgets[row]))
        waiting = [row for row in waiting if not tried[row][-1].passes]
        if not waiting:
            break
    return [_best(answers) for answers in tried]


def _run(
    model: Any, encoded: Any, prompts: Sequence[Sequence[int]], decoding: Decoding, temperature: float
) -> Sequence[Any]:
    longest = decoding.max_length
    if all(budget is not None for budget in decoding.budgets):
        # CTranslate2 gives the new tokens what the prompt leaves of max_length, but at most half of it.
        most = max(budget or 0 for budget in decoding.budgets)
        longest = min(longest, max(2 * most, len(prompts[0]) + most))
    search: dict[str, Any] = {"beam_size": decoding.beam_size, "patience": 1.0}
    if temperature > 0:
        search = {
            "beam_size": 1,
            "num_hypotheses": CANDIDATES,
            "sampling_topk": 0,
            "sampling_temperature": temperature,
        }
    results: Sequence[Any] = model.generate(
        encoded,
        [list(prompt) for prompt in prompts],
        length_penalty=1.0,
        max_length=longest,
        return_scores=True,
        return_no_speech_prob=True,
        suppress_blank=True,
        suppress_tokens=list(decoding.suppressed),
        max_initial_timestamp_index=MAX_FIRST_TIMESTAMP,
        **search,
    )
    return results


def _answer(result: Any, tokenizer: Any, budget: int | None) -> Answer:
    tokens = result.sequences_ids[0]
    # CTranslate2's score is the mean over the tokens; Whisper's counts the end of the text as one more.
    avg_logprob = result.scores[0] * len(tokens) / (len(tokens) + 1)
    # A batch is decoded up to its longest budget; a greedy answer cut to its own is what it would have been.
    own = tuple(tokens[:budget])
    text = tokenizer.decode(list(own)).strip()
    return Answer(own, text, float(avg_logprob), float(result.no_speech_prob), _compression_ratio(text))


def _best(answers: Sequence[Answer]) -> Answer:
    if answers[-1].passes:
        return answers[-1]
    without_loop = [answer for answer in answers if answer.compression_ratio <= MAX_COMPRESSION_RATIO]
    return max(without_loop or answers, key=lambda answer: answer.avg_logprob)


def _compression_ratio(text: str) -> float:
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0
