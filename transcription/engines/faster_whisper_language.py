"""Whisper's names of languages."""

from __future__ import annotations

_WHISPER_TAGS = {"nb": "no", "jv": "jw", "iw": "he", "fil": "tl", "cmn": "zh", "in": "id", "ji": "yi"}
"""Primary language subtags (BCP 47) that Whisper knows by another name."""
ENGLISH = "en"


def whisper_language(language: str | None, known: frozenset[str]) -> str | None:
    """Whisper's name of a BCP 47 tag; None (detect) where it was not given or Whisper does not know it."""
    primary = (language or "").replace("_", "-").split("-")[0].lower()
    tag = _WHISPER_TAGS.get(primary, primary)
    if known == {ENGLISH}:
        return ENGLISH
    return tag if tag in known else None
