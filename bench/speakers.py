"""Who spoke when, in the shipped call: diarization error rate with found speaker count."""

from __future__ import annotations

import time
from typing import Any

from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate
from rich.console import Console

from bench.live_call import load_call
from bench.report import Figure, at_most, exactly
from transcription.analysis.base import StageEngineConfig
from transcription.analysis.diarization.embedded import EmbeddedDiarization
from transcription.models import Segment as Utterance
from transcription.models import Turn, Word

COLLAR_S = 0.25


def annotation(turns: list[tuple[float, float, str]]) -> Annotation:
    result = Annotation()
    for index, (start, end, speaker) in enumerate(turns):
        result[Segment(start, end), index] = speaker
    return result


def error_rate(call: dict[str, Any], turns: tuple[Turn, ...]) -> float:
    """In percent of the speech."""
    truth = annotation([(s["start"], s["end"], s["speaker"]) for s in call["segments"]])
    found = annotation([(turn.start_s, turn.end_s, turn.speaker_id) for turn in turns])
    return 100 * float(
        DiarizationErrorRate(collar=2 * COLLAR_S)(truth, found)
    )  # pyannote's collar is both sides


def utterances(call: dict[str, Any]) -> list[Utterance]:
    """The call's segments with word times, without speakers: what the stage gets."""
    return [
        Utterance(
            id=index,
            start_s=s["start"],
            end_s=s["end"],
            text=s["text"],
            words=tuple(Word(w["word"], w["start"], w["end"]) for w in s["words"]),
        )
        for index, s in enumerate(call["segments"])
    ]


def run(console: Console) -> list[Figure]:
    console.print("[dim]· speakers[/]")
    samples, call = load_call()
    engine = EmbeddedDiarization(StageEngineConfig())
    engine.load()
    started = time.monotonic()
    turns = engine.diarize(samples, utterances(call)).turns
    took = time.monotonic() - started
    wanted = len({s["speaker"] for s in call["segments"]})
    return [
        exactly("speakers found in the shipped call", len({turn.speaker_id for turn in turns}), "", wanted),
        at_most(f"DER (collar {COLLAR_S} s)", error_rate(call, turns), "%", 15),
        Figure("diarization, real-time factor", took / call["duration_s"], ""),
    ]
