"""What was said against what was shown: word error rate, and when each word appeared for good.

Word emission latency: the first time a word is shown at its place and stays there, minus its true end.
Computation is included, since the times are those at which a client received the messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jiwer

from transcription.analysis.text import words_of


@dataclass(frozen=True, slots=True)
class TrueWord:
    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Shown:
    """One transcript message as the client got it, `at_s` after the first sample was spoken."""

    at_s: float
    segment_id: int
    text: str
    is_final: bool
    start_s: float
    end_s: float
    stable_chars: int | None = None
    """How much of the text was promised to stay; None where nothing is said of that."""

    @property
    def words(self) -> list[str]:
        return folded(self.text)


def folded(text: str) -> list[str]:
    """Words as they are compared: lower case, no punctuation."""
    return [word.lower() for word in words_of(text)]


def true_words(call: dict[str, Any]) -> list[TrueWord]:
    return [
        TrueWord(word, item["start"], item["end"])
        for segment in call["segments"]
        for item in segment["words"]
        for word in folded(item["word"])
    ]


def word_error_rate(truth: Sequence[str], heard: Sequence[str]) -> float:
    """In percent of the true words."""
    return 100.0 * jiwer.wer(" ".join(truth), " ".join(heard))


def matches(truth: Sequence[str], heard: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs (index in truth, index in heard) of the words that were heard right."""
    aligned = jiwer.process_words(" ".join(truth), " ".join(heard)).alignments[0]
    return [
        (chunk.ref_start_idx + step, chunk.hyp_start_idx + step)
        for chunk in aligned
        if chunk.type == "equal"
        for step in range(chunk.ref_end_idx - chunk.ref_start_idx)
    ]


def shown_for_good(messages: Iterable[Shown]) -> list[tuple[str, float]]:
    """Every word of the finals in order, with the time since when it was there and stayed."""
    by_segment: dict[int, list[Shown]] = {}
    for message in messages:
        by_segment.setdefault(message.segment_id, []).append(message)
    settled: list[tuple[str, float]] = []
    for segment_id in sorted(by_segment):
        revisions = by_segment[segment_id]
        final = next((message for message in revisions if message.is_final), None)
        if final is None:
            continue
        texts = [(message.at_s, message.words) for message in revisions]
        for index, word in enumerate(final.words):
            since = final.at_s
            for at_s, words in reversed(texts):
                if index >= len(words) or words[index] != word:
                    break
                since = at_s
            settled.append((word, since))
    return settled


def emission_latencies_s(truth: Sequence[TrueWord], messages: Iterable[Shown]) -> list[float]:
    """Of every true word that the finals have."""
    settled = shown_for_good(messages)
    pairs = matches([word.text for word in truth], [word for word, _ in settled])
    return [settled[heard][1] - truth[true].end_s for true, heard in pairs]


def first_word_latencies_s(call: dict[str, Any], messages: Sequence[Shown]) -> list[float]:
    """Of every utterance whose first word was read: its true end → the first message that has it."""
    latencies = []
    for segment in call["segments"]:
        first = segment["words"][0]
        word = folded(first["word"])[0]
        having = [
            message.at_s
            for message in messages
            if message.end_s > segment["start"] and message.start_s < segment["end"]
            and message.at_s > first["start"] and word in message.words
        ]  # fmt: skip
        if having:
            latencies.append(min(having) - first["end"])
    return latencies


def final_latencies_s(call: dict[str, Any], messages: Sequence[Shown]) -> list[float]:
    """Of every utterance: its true end → the final that holds its last words."""
    finals = [message for message in messages if message.is_final]
    latencies = []
    for segment in call["segments"]:
        covering = [m for m in finals if m.start_s < segment["end"] and m.end_s > segment["end"] - 0.4]
        if covering:
            latencies.append(min(m.at_s for m in covering) - segment["end"])
    return latencies
