"""The recent past of a talk, bounded by count and by time, for a model that is asked while people speak."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

from transcription.llm_utils.rendering import Line, Spoken, line_of, render_segment_for_llm


class ContextWindow:
    """The last `max_segments` final segments that ended at most `max_time_sec` before the newest one did.

    The newest is always in it. Raises ValueError for bounds that hold nothing.
    """

    def __init__(self, max_segments: int = 10, max_time_sec: float = 120.0) -> None:
        if max_segments < 1:
            raise ValueError(f"max_segments {max_segments}: at least 1")
        if not max_time_sec > 0 or math.isinf(max_time_sec):
            raise ValueError(f"max_time_sec {max_time_sec}: more than 0, and finite")
        self.max_segments = max_segments
        self.max_time_sec = max_time_sec
        self._lines: deque[Line] = deque(maxlen=max_segments)

    @property
    def segments(self) -> tuple[Line, ...]:
        """What is in the window, oldest first."""
        return tuple(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, segment: Spoken | Mapping[str, Any]) -> None:
        """One more segment, or a mapping with its start, end and text (maybe speaker_id and keywords)."""
        line = line_of(segment)
        self._lines.append(line)
        while line.end - self._lines[0].end > self.max_time_sec:
            self._lines.popleft()

    def render_for_llm(self, *, speaker_names: Mapping[str, str] | None = None) -> str:
        """A line per segment, oldest first; empty where nothing was said."""
        return "\n".join(render_segment_for_llm(line, speaker_names=speaker_names) for line in self._lines)

    def get_keywords(self) -> list[str]:
        """The keywords of what is in the window, each once: those of most segments first, then by age."""
        counts = Counter(keyword for line in self._lines for keyword in dict.fromkeys(line.keywords))
        return [keyword for keyword, _ in counts.most_common()]
