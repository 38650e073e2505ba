"""What was said against what was shown: word error rate, and when each word appeared for good.

Word emission latency: the first time a word is shown at its place and stays there, minus its true end.
Computation is included, since the times are those at which a client received the messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
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

    timed: tuple[tuple[str, float], ...] = ()
    """Its words with the times at which they start, where the message has them."""

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
    """Every word of the finals in order, with the time since when it was there and stayed.

    As a reader sees it: the text of all segments in a row, at each moment that something came. A word that
    is there at the next moment, though others before it came or went, has stayed; so has one that moved to
    the next segment at the same moment.
    """
    texts: dict[int, list[str]] = {}
    settled: list[tuple[str, float]] = []
    moments: dict[float, list[Shown]] = {}
    for message in messages:
        moments.setdefault(message.at_s, []).append(message)
    done = 0  # segments before this one are final and change no more
    first_open = 0  # words of theirs
    for at_s in sorted(moments):
        for message in moments[at_s]:
            if message.segment_id >= done:
                texts[message.segment_id] = message.words
        now = [word for segment_id in sorted(texts) for word in texts[segment_id]]
        settled[first_open:] = _since(settled[first_open:], now, at_s)
        for segment_id in sorted(message.segment_id for message in moments[at_s] if message.is_final):
            if segment_id in texts:
                first_open += len(texts.pop(segment_id))
                done = segment_id + 1
    return settled[:first_open]


def _since(before: list[tuple[str, float]], now: list[str], at_s: float) -> list[tuple[str, float]]:
    """The words of `now`: those that were there before with their time, the others with this one."""
    same = 0
    while same < min(len(before), len(now)) and before[same][0] == now[same]:
        same += 1
    after = [(word, at_s) for word in now]
    after[:same] = before[:same]
    kept = SequenceMatcher(None, [word for word, _ in before[same:]], now[same:], autojunk=False)
    for block in kept.get_matching_blocks():
        after[same + block.b : same + block.b + block.size] = before[
            same + block.a : same + block.a + block.size
        ]
    return after


def emission_latencies_s(truth: Sequence[TrueWord], messages: Iterable[Shown]) -> list[float]:
    """Of every true word that the finals have."""
    settled = shown_for_good(messages)
    pairs = matches([word.text for word in truth], [word for word, _ in settled])
    return [settled[heard][1] - truth[true].end_s for true, heard in pairs]


SAME_WORD_S = 0.4
"""A word that is shown as starting this near to a true one's start is that one, not another of its name."""


def first_word_latencies_s(call: dict[str, Any], messages: Sequence[Shown]) -> list[float]:
    """Of every utterance whose first word was read: its true end → the first message that has it."""
    latencies = []
    for segment in call["segments"]:
        first = segment["words"][0]
        wanted = folded(first["word"])[0]
        having = [
            message.at_s
            for message in messages
            if any(
                wanted in folded(word) and abs(start_s - first["start"]) <= SAME_WORD_S
                for word, start_s in message.timed
            )
        ]
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
