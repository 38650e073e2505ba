"""A summary that keeps up: a window of the last minutes, handed to a model every few segments.

Reads text chunks as JSON lines:

    PYTHONPATH=. python docs/examples/progressive_context.py < docs/examples/call.jsonl

However long the talk, a prompt holds the window and the summary so far, and no more. The model is the
caller's: `summarise` is any function from a prompt to a text. Run as a program there is none, and prompts are
printed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable

from transcription.llm_utils import ContextWindow, Spoken
from transcription.streaming import StreamChunk, StreamConfig, StreamEventType, StreamingSession


class RollingSummary:
    """The summary so far; a new one after every `every` final segments, and one at the end."""

    def __init__(self, summarise: Callable[[str], str], *, every: int = 3) -> None:
        self.text = ""
        self.window = ContextWindow(max_segments=15, max_time_sec=180.0)
        self._summarise = summarise
        self._every = every
        self._new = 0

    def take(self, segment: Spoken) -> None:
        self.window.add(segment)
        self._new += 1
        if self._new == self._every:
            self.renew()

    def renew(self) -> None:
        """Bring the summary up to date; nothing where nothing new was said."""
        if not self._new:
            return
        self._new = 0
        topics = ", ".join(self.window.get_keywords())
        parts = [f"Topics: {topics}", self.window.render_for_llm(), "Summarise what was said and agreed."]
        if self.text:
            parts.insert(0, f"Summary so far: {self.text}")
        self.text = self._summarise("\n\n".join(parts))


def follow(chunks: Iterable[StreamChunk], summarise: Callable[[str], str]) -> RollingSummary:
    session = StreamingSession(StreamConfig(max_gap_sec=1.0, enable_semantics=True))
    summary = RollingSummary(summarise)
    for chunk in chunks:
        for event in session.ingest_chunk(chunk):
            if event.type is StreamEventType.FINAL_SEGMENT:
                summary.take(event.segment)
    for event in session.end_of_stream():
        summary.take(event.segment)
    summary.renew()
    return summary


def main() -> None:
    def show(prompt: str) -> str:
        print(f"--- prompt\n{prompt}")
        return ""

    follow((json.loads(line) for line in sys.stdin if line.strip()), show)


if __name__ == "__main__":
    main()
