"""Long text in windows that a model can read, never cut off in silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from transcription.models import Segment

DEFAULT_MAX_TOKENS = 512
"""Of a model that does not say: BERT's, which most of the family kept."""
_SANE_MAX_TOKENS = 100_000  # tokenizers that know no limit say 1e30


@dataclass(frozen=True, slots=True)
class TextWindow:
    """Whole lines where they fit, a piece of one that alone is too long. `text` is what the model reads.
    `first`: index of its first line; `offset`: where in that line the text begins, in code points."""

    text: str
    first: int
    offset: int = 0


def max_tokens_of(tokenizer: Any, model: Any) -> int:
    """How many tokens the model reads at once, special ones included."""
    said = getattr(tokenizer, "model_max_length", 0) or 0
    if 0 < said < _SANE_MAX_TOKENS:
        return int(said)
    positions = getattr(model.config, "max_position_embeddings", 0) or 0
    return int(positions) if 0 < positions < _SANE_MAX_TOKENS else DEFAULT_MAX_TOKENS


def count_tokens(tokenizer: Any, text: str) -> int:
    """Without the special ones."""
    return len(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])


def lines_in_windows(
    lines: Sequence[str], tokenizer: Any, *, max_tokens: int, overlap: bool = False
) -> Iterator[TextWindow]:
    """Lines packed into windows of at most `max_tokens` (special ones not counted), each line whole where it
    fits; one that does not is cut at token boundaries into windows of its own. Every line is in some window.
    `overlap`: half of such a piece is read again by the next: what a cut goes through is whole in one."""
    if max_tokens < 1:
        raise ValueError(f"max_tokens {max_tokens}: at least 1")
    sizes = [count_tokens(tokenizer, line) + 1 for line in lines]  # and the break between two
    first = 0
    while first < len(lines):
        if sizes[first] - 1 > max_tokens:
            for offset, piece in _pieces(lines[first], tokenizer, max_tokens, overlap=overlap):
                yield TextWindow(piece, first, offset)
            first += 1
            continue
        end, used = first, 0
        while end < len(lines) and used + sizes[end] - 1 <= max_tokens:
            used += sizes[end]
            end += 1
        yield TextWindow("\n".join(lines[first:end]), first)
        first = end


def _pieces(line: str, tokenizer: Any, max_tokens: int, *, overlap: bool) -> Iterator[tuple[int, str]]:
    offsets = tokenizer(line, add_special_tokens=False, return_offsets_mapping=True, verbose=False)[
        "offset_mapping"
    ]
    step = max(1, max_tokens // 2) if overlap else max_tokens
    for begin in range(0, max(1, len(offsets) - max_tokens + step), step):
        within = offsets[begin : begin + max_tokens]
        yield within[0][0], line[within[0][0] : within[-1][1]]


def spoken_lines(segments: Sequence[Segment]) -> list[str]:
    """A line per segment, with who said it where that is known."""
    return [
        f"{segment.speaker_id}: {segment.text}" if segment.speaker_id else segment.text
        for segment in segments
    ]
