"""Cleaned text by a language model, segment by segment, kept only where it is still what was said."""

from __future__ import annotations

from collections import Counter

from pydantic import BaseModel

from transcription.analysis.base import CleanedSegment, Cleanup, Progress, Talk
from transcription.analysis.llm.base import LlmEngine
from transcription.analysis.text import STOPWORDS, words_of

MOST_NEW_PART = 0.34
"""A cleaned segment may have that share of words that were not said (a slip of the recogniser put right);
with more it is another sentence, and the raw one stays."""


class SaidSegment(BaseModel):
    segment_id: int
    text: str


class SaidCleanup(BaseModel):
    segments: list[SaidSegment]


class LlmCleanup(LlmEngine):
    """CleanupEngine. A figure that was not said is never taken over."""

    prompt_name, prompt_version = "cleanup", 1

    def clean(self, talk: Talk, *, on_progress: Progress = lambda _: None) -> Cleanup:
        cleaned: dict[int, str] = {}
        raw = {segment.id: segment.text for segment in talk.segments}
        dropped = 0
        for window, said in self._ask_each(talk, SaidCleanup, on_progress):
            there = {segment.id for segment in window.segments}
            for item in said.segments:
                if item.segment_id in there and is_still_what_was_said(raw[item.segment_id], item.text):
                    cleaned[item.segment_id] = item.text.strip()
                else:
                    dropped += 1
        self._endpoint.drop_claims(dropped)
        return Cleanup(tuple(CleanedSegment(i, text, cleaned.get(i, text)) for i, text in raw.items()))


def is_still_what_was_said(raw: str, cleaned: str) -> bool:
    """Whether a cleaned text says no more than the raw one, and not something else."""
    said, written = Counter(words_of(raw)), words_of(cleaned)
    if not written:
        return all(word in STOPWORDS for word in said)  # nothing but hesitation was said
    new = list((Counter(written) - said).elements())
    if any(any(char.isdigit() for char in word) for word in new):
        return False
    return len(new) <= max(1, MOST_NEW_PART * len(written))
