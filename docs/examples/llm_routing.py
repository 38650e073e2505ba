"""Who has to react: each final segment goes to the queue of what it asks for.

Reads text chunks as JSON lines, writes what each workflow would be given:

    PYTHONPATH=. python docs/examples/llm_routing.py < docs/examples/call.jsonl

A question is answered while people still talk; the rest can wait for the end. The model is the caller's:
`ask` is any function from a prompt to an answer. Run as a program there is none, and prompts are printed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable

from transcription.llm_utils import (
    ContextWindow,
    Spoken,
    WorkflowType,
    render_segment_for_llm,
    route_to_workflow,
)
from transcription.semantic import KeywordSemanticAnnotator, SemanticConfig
from transcription.streaming import StreamChunk, StreamConfig, StreamEventType, StreamingSession


class Router:
    """One queue of lines per workflow, and the answers to questions."""

    def __init__(self, ask: Callable[[str], str]) -> None:
        self.queues: dict[WorkflowType, list[str]] = {workflow: [] for workflow in WorkflowType}
        self.answers: list[str] = []
        self._ask = ask
        self._annotator = KeywordSemanticAnnotator(SemanticConfig(enable_keywords=False))
        self._said_before = ContextWindow(max_segments=6, max_time_sec=60.0)

    def take(self, segment: Spoken) -> None:
        workflow = route_to_workflow(self._annotator.classify_intent(segment.text))
        line = render_segment_for_llm(segment)
        self.queues[workflow].append(line)
        if workflow is WorkflowType.QUESTION:
            self.answers.append(
                self._ask(f"{self._said_before.render_for_llm()}\n\nAnswer in one sentence:\n{line}")
            )
        self._said_before.add(segment)


def route(chunks: Iterable[StreamChunk], ask: Callable[[str], str]) -> Router:
    session, router = StreamingSession(StreamConfig(max_gap_sec=0.15)), Router(ask)
    for chunk in chunks:
        for event in session.ingest_chunk(chunk):
            if event.type is StreamEventType.FINAL_SEGMENT:
                router.take(event.segment)
    for event in session.end_of_stream():
        router.take(event.segment)
    return router


def main() -> None:
    def show(prompt: str) -> str:
        print(f"--- prompt\n{prompt}")
        return ""

    router = route((json.loads(line) for line in sys.stdin if line.strip()), show)
    for workflow, lines in router.queues.items():
        print(f"--- {workflow.value}", *lines, sep="\n")


if __name__ == "__main__":
    main()
