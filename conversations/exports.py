"""A version of a conversation as documents: the v2 JSON, plain text, SRT and WebVTT.

WebVTT: W3C Candidate Recommendation 2019-04-04, sections 4.1 (cues) and 4.2.2 (voice spans). SRT has no
specification; this is what SubRip writes and players read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from conversations.errors import Conflict
from conversations.live import LiveWords
from conversations.models import Conversation, Segment
from transcription.models import Segment as HeardSegment
from transcription.models import Transcript, Word, join_text

LINE_BREAKS = re.compile(r"\s*[\r\n\u2028\u2029]+\s*")
SHORTEST_CUE_MS = 1
"""Both formats want a cue to end after it starts, also one whose times fall into the same millisecond."""


@dataclass(frozen=True, slots=True)
class Words:
    """What an export is made of: one version's segments in order, and what each speaker is called."""

    conversation: Conversation
    version: str
    run_number: int
    segments: Sequence[Segment]
    speaker_names: Mapping[str, str]
    with_speakers: bool = True

    def speaker_of(self, segment: Segment) -> str:
        """Its speaker's name, else the label; empty where unknown or not wanted."""
        if not self.with_speakers:
            return ""
        return self.speaker_names.get(segment.speaker_label) or segment.speaker_label

    @property
    def text(self) -> str:
        return join_text((segment.text for segment in self.segments), self.conversation.language)


def to_transcript(words: Words, live: LiveWords | None = None) -> Transcript:
    """The library's own type, of a running session with what is still open. A corrected segment has no words
    any more (their times were of other words); its annotations keep what was heard."""
    conversation = words.conversation
    finals = [_heard(segment) for segment in words.segments]
    known = {segment.id for segment in finals}
    still_open = [segment for segment in live.partials if segment.id not in known] if live else []
    stream = {"stream": live.stream.to_json()} if live and live.stream else {}
    return Transcript(
        file_name=conversation.title or str(conversation.pk),
        language=conversation.language or None,
        segments=(*finals, *sorted(still_open, key=lambda segment: segment.id)),
        meta=stream
        | {
            "conversation_id": str(conversation.pk),
            "source": conversation.source,
            "version": words.version,
            "run": words.run_number,
            "duration": round(conversation.duration_s, 3),
            "speakers": {label: name for label, name in words.speaker_names.items() if name},
        },
    )


def to_text(words: Words) -> str:
    """A paragraph per turn, led by the speaker where speakers are known."""
    paragraphs: list[tuple[str, list[str]]] = []
    for segment in words.segments:
        speaker = words.speaker_of(segment)
        if paragraphs and paragraphs[-1][0] == speaker:
            paragraphs[-1][1].append(segment.text)
        else:
            paragraphs.append((speaker, [segment.text]))
    language = words.conversation.language
    lines = (
        f"{speaker}: {join_text(texts, language)}" if speaker else join_text(texts, language)
        for speaker, texts in paragraphs
    )
    return "".join(f"{line}\n" for line in lines)


def to_srt(words: Words) -> str:
    """Raises Conflict for a text, which has no times."""
    cues = []
    for number, segment in enumerate(_timed(words), start=1):
        start_ms, end_ms = _cue_ms(segment)
        speaker = words.speaker_of(segment)
        said = _one_line(f"{speaker}: {segment.text}" if speaker else segment.text).replace("-->", "→")
        cues.append(f"{number}\n{_clock(start_ms, ',')} --> {_clock(end_ms, ',')}\n{said}\n\n")
    return "".join(cues)


def to_vtt(words: Words) -> str:
    """Raises Conflict for a text, which has no times."""
    cues = ["WEBVTT\n\n"]
    for segment in _timed(words):
        start_ms, end_ms = _cue_ms(segment)
        speaker = _one_line(_escaped(words.speaker_of(segment)))
        said = _one_line(_escaped(segment.text))
        cues.append(
            f"{segment.number}\n{_clock(start_ms, '.')} --> {_clock(end_ms, '.')}\n"
            f"{f'<v {speaker}>{said}</v>' if speaker else said}\n\n"
        )
    return "".join(cues)


def _heard(segment: Segment) -> HeardSegment:
    corrected = segment.is_corrected
    return HeardSegment(
        id=segment.number,
        start_s=segment.start_s,
        end_s=segment.end_s,
        text=segment.text,
        speaker_id=segment.speaker_label or None,
        words=() if corrected else tuple(Word.from_json(word) for word in segment.words),
        language=segment.language or None,
        annotations={"corrected_from": segment.original_text} if corrected else {},
    )


def _timed(words: Words) -> Iterable[Segment]:
    if words.conversation.source == Conversation.Source.TEXT:
        raise Conflict("This conversation is a text: it has no times to make subtitles of.")
    return (segment for segment in words.segments if segment.text.strip())  # a cue shows something


def _cue_ms(segment: Segment) -> tuple[int, int]:
    start_ms = round(segment.start_s * 1000)
    return start_ms, max(round(segment.end_s * 1000), start_ms + SHORTEST_CUE_MS)


def _clock(ms: int, decimal_sign: str) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{decimal_sign}{ms:03}"


def _one_line(text: str) -> str:
    """A blank line would end the cue."""
    return LINE_BREAKS.sub(" ", text).strip()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
