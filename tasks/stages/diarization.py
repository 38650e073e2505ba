"""Who spoke when; the words get their speaker, and a segment that two people share is split."""

from __future__ import annotations

from typing import cast

from conversations.models import StageRun
from conversations.services.words import SpeakerFigures, replace_final_segments
from sessions.selectors import is_multichannel
from tasks.recordings import NoRecordingError, ensure_recording
from tasks.stages.base import NothingToDoError, StageResult, StageWork
from tasks.stages.engines import engine_for
from tasks.stages.reading import version_to_read
from tasks.talk import segments_of
from transcription.analysis.base import DiarizationEngine, SpeakerTurns, StageEngine
from transcription.analysis.speakers import (
    assign_speakers,
    introduced_names,
    speaker_statistics,
    turns_from_segments,
)
from transcription.models import Segment


class ChannelSpeakers:
    """Stands where an engine would, where each channel was recorded by itself: nothing is guessed."""

    name = "channels"
    model = ""
    version = "1"

    def load(self) -> None:
        """Nothing to load."""


def run(work: StageWork) -> StageResult:
    engine: StageEngine
    if is_multichannel(work.conversation.session_id):
        segments = segments_of(work.conversation, version_to_read(work))
        engine, found = ChannelSpeakers(), SpeakerTurns(turns_from_segments(segments))
    else:
        engine, found, segments = _diarized(work)
    names = introduced_names(segments)
    figures = [
        SpeakerFigures(
            label=voice.label,
            talk_time_s=voice.total_talk_time_s,
            talk_ratio=voice.talk_ratio,
            num_turns=voice.num_turns,
            name=names.get(voice.label, ""),
        )
        for voice in speaker_statistics(found.turns)
    ]

    def record(stage: StageRun) -> None:
        replace_final_segments(
            conversation_id=stage.run.conversation_id,
            run_number=stage.run.number,
            segments=segments,
            speakers=figures,
        )

    output = {
        "speakers": [
            {
                "id": voice.label,
                "label": voice.label,
                "name": voice.name or None,
                "total_talk_time": round(voice.talk_time_s, 3),
                "talk_ratio": None if voice.talk_ratio is None else round(voice.talk_ratio, 4),
                "num_turns": voice.num_turns,
            }
            for voice in figures
        ],
        "turns": [
            {"speaker_id": turn.speaker_id, "start": round(turn.start_s, 3), "end": round(turn.end_s, 3)}
            for turn in found.turns
        ],
    }
    return StageResult(output, engine, record)


def _diarized(work: StageWork) -> tuple[StageEngine, SpeakerTurns, tuple[Segment, ...]]:
    """The engine, who spoke when, and the words with their speakers."""
    engine = cast("DiarizationEngine", engine_for(work))
    try:
        samples = ensure_recording(work.conversation)
    except NoRecordingError as error:
        raise NothingToDoError(str(error)) from error
    heard = segments_of(work.conversation, version_to_read(work))
    found = engine.diarize(
        samples,
        heard,
        num_speakers=work.run.parameters.get("num_speakers"),
        on_progress=work.on_progress,
    )
    return engine, found, assign_speakers(heard, found.turns)
