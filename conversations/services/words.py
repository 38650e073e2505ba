"""Words into rows: the live version as it comes, a final version at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from conversations.models import Segment, Speaker, Version
from transcription.models import Segment as HeardSegment

LIVE_RUN_NUMBER = 0
BATCH_SIZE = 500


@dataclass(frozen=True, slots=True)
class SpeakerFigures:
    """What was counted of one voice. `talk_ratio`: its part of all speech, None where nobody spoke."""

    label: str
    talk_time_s: float
    talk_ratio: float | None
    num_turns: int
    name: str = ""


def add_live_segment(*, conversation_id: UUID, segment: HeardSegment) -> None:
    """Keep a final segment of the live version. The same number again changes nothing: finals are final."""
    row = segment_row(segment, conversation_id, LIVE_RUN_NUMBER)
    Segment.objects.bulk_create([row], ignore_conflicts=True)


def name_live_segment(*, conversation_id: UUID, number: int, speaker_id: str) -> None:
    """Whose a segment of the live version is, as far as that can be told while it runs."""
    Segment.objects.filter(conversation_id=conversation_id, run_number=LIVE_RUN_NUMBER, number=number).update(
        speaker_label=speaker_id
    )


@transaction.atomic
def replace_final_segments(
    *,
    conversation_id: UUID,
    run_number: int,
    segments: Sequence[HeardSegment],
    speakers: Sequence[SpeakerFigures],
) -> None:
    """Make the final version of a run what is given; a stage that runs again replaces what it wrote.

    Raises ValueError for run number 0, which is the live version.
    """
    if run_number == LIVE_RUN_NUMBER:
        raise ValueError("run number 0 is the live version")
    Segment.objects.filter(conversation_id=conversation_id, run_number=run_number).delete()
    Segment.objects.bulk_create(
        [segment_row(segment, conversation_id, run_number) for segment in segments], batch_size=BATCH_SIZE
    )
    write_speakers(conversation_id=conversation_id, run_number=run_number, speakers=speakers)


@transaction.atomic
def write_speakers(*, conversation_id: UUID, run_number: int, speakers: Sequence[SpeakerFigures]) -> None:
    """The voices of a version, in place of what was there."""
    Speaker.objects.filter(conversation_id=conversation_id, run_number=run_number).delete()
    Speaker.objects.bulk_create(
        [
            Speaker(
                conversation_id=conversation_id,
                run_number=run_number,
                label=speaker.label,
                name=speaker.name,
                talk_time_s=speaker.talk_time_s,
                talk_ratio=speaker.talk_ratio,
                num_turns=speaker.num_turns,
            )
            for speaker in speakers
        ]
    )


def segment_row(segment: HeardSegment, conversation_id: UUID, run_number: int) -> Segment:
    """The row, not yet saved, of a segment of that version."""
    return Segment(
        conversation_id=conversation_id,
        version=Version.LIVE if run_number == LIVE_RUN_NUMBER else Version.FINAL,
        run_number=run_number,
        number=segment.id,
        start_s=segment.start_s,
        end_s=segment.end_s,
        text=segment.text,
        words=[word.to_json() for word in segment.words],
        speaker_label=segment.speaker_id or "",
        language=segment.language or "",
        confidence=segment.confidence,
    )
