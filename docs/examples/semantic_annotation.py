"""What was meant, beside what was said: every final segment with keywords, intent, risks and actions.

Reads text chunks as JSON lines, writes one JSON line per final segment:

    PYTHONPATH=. python docs/examples/semantic_annotation.py < docs/examples/call.jsonl

Only finals are annotated: a partial may still change, and its annotation with it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from transcription.streaming import StreamChunk, StreamConfig, StreamEvent, StreamEventType, StreamingSession


def annotated_segments(chunks: Iterable[StreamChunk]) -> Iterator[dict[str, Any]]:
    """Each final segment as soon as it is one. The session annotates: it was asked for semantics."""
    session = StreamingSession(StreamConfig(max_gap_sec=1.0, enable_semantics=True))
    for chunk in chunks:
        yield from _finals(session.ingest_chunk(chunk))
    yield from _finals(session.end_of_stream())


def _finals(events: Iterable[StreamEvent]) -> Iterator[dict[str, Any]]:
    for event in events:
        if event.type is StreamEventType.FINAL_SEGMENT:
            yield event.segment.to_json()


def main() -> None:
    chunks = (json.loads(line) for line in sys.stdin if line.strip())
    for segment in annotated_segments(chunks):
        print(json.dumps(segment))


if __name__ == "__main__":
    main()
