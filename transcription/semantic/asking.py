"""Questions by their wording, since recognisers write no question marks (cues/questions.toml)."""

from __future__ import annotations

from transcription.semantic.cues import cues_of
from transcription.semantic.line import Line

_CUES = cues_of("questions")


def question_at(line: Line) -> int | None:
    """Where in `line.folded` the last question begins; None where nothing is asked."""
    mark = line.text.rfind("?")
    if mark >= 0 and line.tokens:
        last = max((index for index, token in enumerate(line.tokens) if token.end <= mark), default=0)
        while last > 0 and not line.ends_sentence(last - 1):
            last -= 1
        return line.starts[last]
    return max((match.start() for match in _CUES["direct"].finditer(line.folded)), default=None)


def asks_indirectly(line: Line) -> bool:
    """Whether something is asked in the form of a statement ("i was wondering if…")."""
    return _CUES["indirect"].search(line.folded) is not None
