"""The nouns of the field: words, segments, turns, transcripts.

All times are seconds on the audio clock (samples since the first ÷ rate). Everything here is frozen and
turns into plain JSON with `to_json` and back with `from_json`; the v2 document is the one that
`GET /conversations/{id}/transcript?format=v2` returns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

SCHEMA_VERSION = 2

# Languages written without spaces between words (contract: terms).
UNSPACED_LANGUAGES = frozenset({"zh", "yue", "ja", "th", "lo", "km", "my"})


def join_text(parts: Iterable[str], language: str | None = None) -> str:
    """Join pieces of text as the language writes them: by a space, or by nothing."""
    primary = (language or "").split("-")[0].lower()
    separator = "" if primary in UNSPACED_LANGUAGES else " "
    return separator.join(piece for part in parts if (piece := part.strip()))


@dataclass(frozen=True, slots=True)
class Word:
    """One word as an engine heard it. `probability` is None where the engine gives none."""

    text: str
    start_s: float
    end_s: float
    probability: float | None = None
    speaker_id: str | None = None

    def shifted(self, offset_s: float) -> Word:
        return replace(self, start_s=self.start_s + offset_s, end_s=self.end_s + offset_s)

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "word": self.text,
            "start": round(self.start_s, 3),
            "end": round(self.end_s, 3),
            "probability": None if self.probability is None else round(self.probability, 4),
        }
        if self.speaker_id is not None:
            data["speaker_id"] = self.speaker_id
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Word:
        return cls(
            text=data["word"],
            start_s=data["start"],
            end_s=data["end"],
            probability=data.get("probability"),
            speaker_id=data.get("speaker_id"),
        )


# Keys of a segment's JSON that are there only where the value is known.
_OPTIONAL = ("language", "avg_logprob", "no_speech_prob", "compression_ratio", "revision")


@dataclass(frozen=True, slots=True)
class Segment:
    """What was said between two endpoints. `id` counts from 0 in order of start."""

    id: int
    start_s: float
    end_s: float
    text: str
    speaker_id: str | None = None
    words: tuple[Word, ...] = ()
    language: str | None = None
    avg_logprob: float | None = None
    no_speech_prob: float | None = None
    compression_ratio: float | None = None
    annotations: Mapping[str, Any] = field(default_factory=dict)
    partial: bool = False
    """Still open: what a live session knows of it so far, at `revision`. A final has no revision any more."""
    revision: int | None = None

    @property
    def start(self) -> float:
        """`start_s` under the name that the contract gives it."""
        return self.start_s

    @property
    def end(self) -> float:
        return self.end_s

    @property
    def confidence(self) -> float | None:
        """Mean word probability; None unless every word has one."""
        known = [w.probability for w in self.words if w.probability is not None]
        return sum(known) / len(known) if known and len(known) == len(self.words) else None

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "id": self.id,
            "start": round(self.start_s, 3),
            "end": round(self.end_s, 3),
            "text": self.text,
            "speaker_id": self.speaker_id,
        }
        if self.words:
            data["words"] = [word.to_json() for word in self.words]
        for name in _OPTIONAL:
            if (value := getattr(self, name)) is not None:
                data[name] = value
        if self.annotations:
            data["annotations"] = dict(self.annotations)
        if self.partial:
            data["partial"] = True
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Segment:
        return cls(
            id=int(data["id"]),
            start_s=data["start"],
            end_s=data["end"],
            text=data["text"],
            speaker_id=data.get("speaker_id"),
            words=tuple(Word.from_json(word) for word in data.get("words", ())),
            annotations=dict(data.get("annotations", {})),
            partial=bool(data.get("partial", False)),
            **{name: data[name] for name in _OPTIONAL if name in data},
        )


@dataclass(frozen=True, slots=True)
class Turn:
    """Consecutive speech of one speaker."""

    speaker_id: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """A whole conversation, as the v2 JSON document holds it."""

    file_name: str
    language: str | None
    segments: Sequence[Segment]
    """A tuple, whatever it was made with."""
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "segments", tuple(self.segments))

    @property
    def text(self) -> str:
        return join_text((s.text for s in self.segments), self.language)

    @property
    def finals(self) -> tuple[Segment, ...]:
        """Without what is still open: what a reader sees that ignores `partial`."""
        return tuple(segment for segment in self.segments if not segment.partial)

    @property
    def words(self) -> Sequence[Word]:
        return [word for segment in self.segments for word in segment.words]

    def to_json(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "file_name": self.file_name,
            "language": self.language,
            "meta": dict(self.meta),
            "segments": [segment.to_json() for segment in self.segments],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Transcript:
        if data.get("schema_version") != SCHEMA_VERSION:
            raise ValueError(
                f"schema_version {data.get('schema_version')!r}: only {SCHEMA_VERSION} is read here"
            )
        return cls(
            file_name=data["file_name"],
            language=data["language"],
            segments=tuple(Segment.from_json(item) for item in data["segments"]),
            meta=dict(data.get("meta", {})),
        )
