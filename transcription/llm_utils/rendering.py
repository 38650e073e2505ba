"""Talk as lines of text: `[00:12.3] SPEAKER_00: what was said`.

Whoever speaks decides what the text is, so the text must not be able to pass for a line of its own: all
white space in it, line breaks included, becomes single spaces, and so in names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from transcription.models import Transcript, join_text

UNKNOWN_SPEAKER = "Unknown"


class Spoken(Protocol):
    """Anything with times, text and a speaker: a Segment, PartialSegment, StreamSegment or StreamTurn."""

    @property
    def start(self) -> float: ...

    @property
    def end(self) -> float: ...

    @property
    def text(self) -> str: ...

    @property
    def speaker_id(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Line:
    """What is rendered and kept of one segment. Times in seconds."""

    start: float
    end: float
    text: str
    speaker_id: str | None = None
    keywords: tuple[str, ...] = ()


def line_of(segment: Spoken | Mapping[str, Any]) -> Line:
    """A segment's line, or that of a mapping with start, end, text, and maybe speaker_id and keywords.

    Keywords are those of the semantic annotation, where there is one. Raises KeyError for a mapping that
    lacks a time or the text.
    """
    if isinstance(segment, Mapping):
        keywords = tuple(segment.get("keywords") or ())
        return Line(segment["start"], segment["end"], segment["text"], segment.get("speaker_id"), keywords)
    semantic = getattr(segment, "annotations", {}).get("semantic", {})
    keywords = tuple(semantic.get("keywords", ()))
    return Line(segment.start, segment.end, segment.text, segment.speaker_id, keywords)


def render_segment_for_llm(
    segment: Spoken | Mapping[str, Any],
    *,
    timestamps: bool = True,
    speaker_names: Mapping[str, str] | None = None,
) -> str:
    """One line, without a line break. `speaker_names`: what speaker ids are shown as."""
    line = line_of(segment)
    speaker_id = line.speaker_id
    name = (speaker_names or {}).get(speaker_id, speaker_id) if speaker_id is not None else UNKNOWN_SPEAKER
    rendered = f"{_one_line(name)}: {_one_line(line.text)}"
    return f"[{clock(line.start)}] {rendered}" if timestamps else rendered


def render_conversation_for_llm(
    conversation: Transcript | Iterable[Spoken | Mapping[str, Any]],
    *,
    mode: Literal["turns", "segments"] = "turns",
    timestamps: bool = True,
    speaker_names: Mapping[str, str] | None = None,
) -> str:
    """The whole talk, a line per turn or per segment; segments without text are left out.

    Raises ValueError for an unknown mode.
    """
    if mode not in {"turns", "segments"}:
        raise ValueError(f"mode {mode!r}: there are 'turns' and 'segments'")
    language = conversation.language if isinstance(conversation, Transcript) else None
    segments = conversation.segments if isinstance(conversation, Transcript) else conversation
    lines = [line for segment in segments if (line := line_of(segment)).text.strip()]
    if mode == "turns":
        lines = _joined(lines, language)
    return "\n".join(
        render_segment_for_llm(line, timestamps=timestamps, speaker_names=speaker_names) for line in lines
    )


def clock(at_s: float) -> str:
    """`mm:ss.t`, and `h:mm:ss.t` from an hour on."""
    tenths = round(at_s * 10)
    hours, rest = divmod(tenths, 36_000)
    minutes, tenths = divmod(rest, 600)
    text = f"{minutes:02}:{tenths // 10:02}.{tenths % 10}"
    return f"{hours}:{text}" if hours else text


def _joined(lines: Iterable[Line], language: str | None) -> list[Line]:
    turns: list[Line] = []
    for line in lines:
        if turns and turns[-1].speaker_id == line.speaker_id:
            last = turns[-1]
            text = join_text((last.text, line.text), language)
            turns[-1] = Line(last.start, max(last.end, line.end), text, last.speaker_id)
        else:
            turns.append(line)
    return turns


def _one_line(text: str) -> str:
    return " ".join(text.split())
