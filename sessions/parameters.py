"""What a client asks of its session: the query parameters that hold for every protocol."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from transcription.audio.formats import (
    ENCODINGS,
    MAX_CHANNELS,
    MAX_SAMPLE_RATE_HZ,
    MIN_SAMPLE_RATE_HZ,
    OPUS,
    AudioFormat,
)

MAX_PHRASES, MAX_PHRASE_CHARS = 100, 50
LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
MAX_LANGUAGE_CHARS = 16
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
FLAGS = (
    "interim_results",
    "word_timestamps",
    "diarization",
    "analytics",
    "semantics",
    "multichannel",
    "enhance_on_end",
    "enhance_llm_cleanup",
    "enhance_emotions",
    "store_audio",
    "acks",
)


class InvalidParameters(ValueError):
    """A value that is not taken; the message names it and what is."""


@dataclass(frozen=True, slots=True)
class StreamParameters:
    """One session's parameters. `language` None: detect. `model` "": the default of the path."""

    encoding: str = "pcm_s16le"
    sample_rate_hz: int = 16_000
    channels: int = 1
    language: str | None = None
    model: str = ""
    vocabulary: tuple[str, ...] = ()
    interim_results: bool = False
    word_timestamps: bool = True
    diarization: bool = False
    analytics: bool = False
    semantics: bool = False
    multichannel: bool = False
    enhance_on_end: bool = False
    enhance_llm_cleanup: bool = False
    enhance_emotions: bool = False
    store_audio: bool = True
    acks: bool = False

    @property
    def audio_format(self) -> AudioFormat:
        return AudioFormat(self.encoding, self.sample_rate_hz, self.channels)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StreamParameters:
        """Back from `to_json`; names that are not parameters are not looked at."""
        known = {field.name: data[field.name] for field in fields(cls) if field.name in data}
        return cls(**{**known, "vocabulary": tuple(known.get("vocabulary", ()))})


def parse_parameters(query: Mapping[str, str], defaults: StreamParameters) -> StreamParameters:
    """Read a query; names that are not parameters are not looked at. Raises InvalidParameters."""
    found: dict[str, Any] = {}
    for name, text in query.items():
        if name in FLAGS:
            found[name] = _flag(name, text)
        elif name == "encoding":
            found[name] = _encoding(text)
        elif name == "sample_rate":
            found["sample_rate_hz"] = _whole(name, text, MIN_SAMPLE_RATE_HZ, MAX_SAMPLE_RATE_HZ)
        elif name == "channels":
            found[name] = _whole(name, text, 1, MAX_CHANNELS)
        elif name == "language":
            found[name] = language_tag(text)
        elif name == "model":
            found[name] = text
        elif name == "vocabulary":
            found[name] = _vocabulary_text(text)
    parameters = StreamParameters(**{**asdict(defaults), **found})
    if parameters.multichannel and parameters.channels == 1:
        raise InvalidParameters("multichannel: true takes channels=2")
    return parameters


def language_tag(value: object) -> str | None:
    """A BCP-47 tag, or None for `auto` and nothing. Raises InvalidParameters."""
    if value is None or value in ("", "auto"):
        return None
    if isinstance(value, str) and len(value) <= MAX_LANGUAGE_CHARS and LANGUAGE_TAG.fullmatch(value):
        return value
    raise InvalidParameters("language: a BCP-47 tag such as en or de-CH, or auto")


def vocabulary(value: object) -> tuple[str, ...]:
    """Phrases to listen for. Raises InvalidParameters."""
    if (
        isinstance(value, list)
        and len(value) <= MAX_PHRASES
        and all(isinstance(phrase, str) and 0 < len(phrase) <= MAX_PHRASE_CHARS for phrase in value)
    ):
        return tuple(value)
    raise InvalidParameters(
        f"vocabulary: a JSON list of at most {MAX_PHRASES} phrases of 1 to {MAX_PHRASE_CHARS} characters"
    )


def _vocabulary_text(text: str) -> tuple[str, ...]:
    try:
        return vocabulary(json.loads(text))
    except (json.JSONDecodeError, RecursionError):
        return vocabulary(None)  # says what is taken


def _flag(name: str, text: str) -> bool:
    if (value := BOOLEANS.get(text.lower())) is None:
        raise InvalidParameters(f"{name}: true or false")
    return value


def _encoding(text: str) -> str:
    if text not in (*ENCODINGS, OPUS):
        raise InvalidParameters(f"encoding: one of {', '.join((*ENCODINGS, OPUS))}")
    return text


def _whole(name: str, text: str, lowest: int, highest: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and lowest <= int(text) <= highest):
        raise InvalidParameters(f"{name}: a whole number from {lowest} to {highest}")
    return int(text)
