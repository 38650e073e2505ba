"""What was said lately, as context for a recogniser that takes some. Off by default: loops feed on it."""

from __future__ import annotations

from collections.abc import Sequence

from transcription.models import Word, join_text


class Prompt:
    """The end of the finals' text."""

    def __init__(self) -> None:
        self.text = ""

    def said(self, words: Sequence[Word], language: str | None, *, most_chars: int) -> None:
        """Take the words of a final and keep the last `most_chars` of all; none where that is 0."""
        text = join_text([self.text, *(word.text for word in words)], language)
        self.text = text[-most_chars:] if most_chars else ""

    def clear(self) -> None:
        self.text = ""
