"""A text that somebody typed or pasted, as segments: lines, turns where lines name who speaks, sentences.

A text has no audio, so its segments have no times: start and end are 0, and their order is their number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from conversations.services.words import SpeakerFigures
from transcription.models import Segment

SPEAKER_LINE = re.compile(r"^\s*(?P<name>[^\W\d_][\w .'’-]{0,39}?)\s*[:：]\s+(?P<said>\S.*)$")
MAX_NAME_WORDS = 3
MIN_SPEAKER_LINES = 2
"""One line such as "Note: …" makes no dialogue."""
LONG_LINE_CHARS = 240
"""A longer line is taken apart at sentence ends, so that a quote from it stays short (two spoken
utterances of the longest kind, 15 s, hold about as much)."""
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])")
UNSPACED_ENDS = "。！？"


@dataclass(frozen=True, slots=True)
class SplitText:
    segments: tuple[Segment, ...]
    speakers: tuple[SpeakerFigures, ...]


def split_text(text: str) -> SplitText:
    """Segments in order, with speakers SPEAKER_00… where at least two lines read `Name: …`."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [_named(line) for line in lines]
    if sum(name is not None for name, _ in named) < MIN_SPEAKER_LINES:
        named = [(None, line) for line in lines]
    labels: dict[str, str] = {}
    turns: dict[str, int] = {}
    segments: list[Segment] = []
    current: str | None = None
    for name, said in named:
        if name is not None:
            label = labels.setdefault(name, f"SPEAKER_{len(labels):02}")
            if label != current:
                turns[label] = turns.get(label, 0) + 1
            current = label
        segments.extend(
            Segment(id=len(segments) + offset, start_s=0.0, end_s=0.0, text=piece, speaker_id=current)
            for offset, piece in enumerate(_pieces(said))
        )
    speakers = tuple(
        SpeakerFigures(label=label, name=name, talk_time_s=0.0, talk_ratio=None, num_turns=turns[label])
        for name, label in labels.items()
    )
    return SplitText(tuple(segments), speakers)


def _named(line: str) -> tuple[str | None, str]:
    match = SPEAKER_LINE.match(line)
    if match is None or len(match["name"].split()) > MAX_NAME_WORDS:
        return None, line
    return match["name"].strip(), match["said"].strip()


def _pieces(line: str) -> list[str]:
    """Whole sentences, as many together as stay within LONG_LINE_CHARS; nothing is lost but white space."""
    pieces: list[str] = []
    for sentence in filter(None, (part.strip() for part in SENTENCE_END.split(line))):
        if pieces and len(pieces[-1]) + 1 + len(sentence) <= LONG_LINE_CHARS:
            gap = "" if pieces[-1][-1] in UNSPACED_ENDS else " "
            pieces[-1] = f"{pieces[-1]}{gap}{sentence}"
        else:
            pieces.append(sentence)
    return pieces
