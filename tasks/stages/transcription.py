"""The whole recording through the batch recogniser: the words of a final version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.conf import settings

from conversations.models import Conversation, StageRun
from conversations.services.words import replace_final_segments
from tasks.recordings import NoRecordingError, ensure_channels
from tasks.stages.base import NothingToDoError, StageResult, StageWork
from tasks.stages.engines import batch_speech_engine
from transcription.analysis.base import Progress
from transcription.engines.base import SAMPLE_RATE_HZ, Hypothesis, SpeechOptions
from transcription.models import Segment
from transcription.streaming.merging import channel_speaker


def run(work: StageWork) -> StageResult:
    parameters = work.run.parameters
    try:
        channels = ensure_channels(work.conversation)
    except NoRecordingError as error:
        raise NothingToDoError(str(error)) from error
    engine = batch_speech_engine(batch_model(parameters.get("model", "")))
    options = SpeechOptions(
        language=_language(parameters.get("language") or work.conversation.language),
        prompt=parameters.get("prompt", ""),
        vocabulary=tuple(parameters.get("vocabulary", ())),
    )
    hypotheses: list[Hypothesis] = []
    spoken: list[Segment] = []
    for number, samples in enumerate(channels):
        heard = []
        for hypothesis in engine.transcribe(samples, options, _part(work.on_progress, number, len(channels))):
            heard.append(hypothesis)
            _say(work, hypothesis, len(hypotheses) + len(heard))
        speaker_id = channel_speaker(number) if len(channels) > 1 else None
        spoken += [replace(segment, speaker_id=speaker_id) for segment in segments_from(heard)]
        hypotheses += heard
    if len(channels) > 1:
        spoken.sort(key=lambda segment: segment.start_s)
    segments = [replace(segment, id=number) for number, segment in enumerate(spoken)]
    language = next((h.language for h in hypotheses if h.language), options.language)
    duration_s = len(channels[0]) / SAMPLE_RATE_HZ

    def record(stage: StageRun) -> None:
        conversation_id = stage.run.conversation_id
        replace_final_segments(
            conversation_id=conversation_id, run_number=stage.run.number, segments=segments, speakers=()
        )
        fields: dict[str, Any] = {"duration_s": duration_s}
        if not stage.run.conversation.language and language:
            fields["language"] = language
        Conversation.objects.filter(pk=conversation_id).update(**fields)

    output = {
        "language": language,
        "duration": round(duration_s, 3),
        "num_segments": len(segments),
        "num_words": sum(len(segment.words) for segment in segments),
    }
    return StageResult(output, engine, record)


def _say(work: StageWork, hypothesis: Hypothesis, number: int) -> None:
    """A piece of the transcript for whoever follows the run; `number` counts from 1."""
    if text := hypothesis.text:
        work.on_partial({"transcript_chunk": text, "chunk_index": number - 1, "total_chunks_so_far": number})


def segments_from(hypotheses: list[Hypothesis]) -> list[Segment]:
    """Numbered segments of what an engine said of a recording; pieces without a word in them are left out."""
    heard = [
        (piece, hypothesis.language)
        for hypothesis in hypotheses
        for piece in hypothesis.segments
        if piece.text.strip()
    ]
    return [
        Segment(
            id=number,
            start_s=piece.start_s,
            end_s=piece.end_s,
            text=piece.text.strip(),
            words=piece.words,
            language=language,
            avg_logprob=piece.avg_logprob,
            no_speech_prob=piece.no_speech_prob,
            compression_ratio=piece.compression_ratio,
        )
        for number, (piece, language) in enumerate(heard)
    ]


def _part(on_progress: Progress, number: int, count: int) -> Progress:
    """Progress of one channel as progress of all."""
    return lambda done: on_progress((number + done) / count)


def batch_model(name: str) -> str:
    """The model that a caller's name stands for; what it may be was checked where it came in."""
    final = settings.AMBIENT.live.whisper_model_final
    return settings.AMBIENT.model_for(name, default=final) or final


def _language(name: str) -> str | None:
    return None if name in ("", "auto") else name
