"""A conversation's rows as the library's nouns: what the stages read."""

from __future__ import annotations

from conversations.models import Conversation
from conversations.models import Segment as SegmentRow
from transcription.analysis.base import Talk
from transcription.analysis.roles import guess_agent
from transcription.analysis.speakers import turns_from_segments
from transcription.models import Segment, Word


def segments_of(conversation: Conversation, run_number: int) -> tuple[Segment, ...]:
    """The segments of one version, in order; corrected text where somebody corrected it."""
    rows = SegmentRow.objects.filter(conversation=conversation, run_number=run_number).order_by("number")
    return tuple(
        Segment(
            id=row.number,
            start_s=row.start_s,
            end_s=row.end_s,
            text=row.text,
            speaker_id=row.speaker_label or None,
            words=tuple(Word.from_json(word) for word in row.words),
            language=row.language or None,
        )
        for row in rows
    )


def talk_of(conversation: Conversation, run_number: int) -> Talk:
    """One version as a stage engine reads it, with the speakers that are known and a guess at who serves."""
    segments = segments_of(conversation, run_number)
    return Talk(
        segments=segments,
        language=conversation.language or None,
        duration_s=max([conversation.duration_s, *(segment.end_s for segment in segments)]),
        turns=tuple(turns_from_segments(segments)),
        agent_speaker_id=guess_agent(segments),
    )
