"""How long the stages after transcription take for an hour: conversations in a row, until they fill it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from bench.pipeline.conversations import Conversation
from bench.pipeline.hearing import Heard
from bench.report import Figure, at_most
from transcription.analysis.answers.embedded import EmbeddedAnswers
from transcription.analysis.answers.question_sets import nurse_intake
from transcription.analysis.base import StageEngineConfig, Talk
from transcription.analysis.classification import clinic
from transcription.analysis.classification.embedded import EmbeddedClassification
from transcription.analysis.diarization.embedded import EmbeddedDiarization
from transcription.analysis.entities.embedded import EmbeddedEntities
from transcription.analysis.insights.embedded import EmbeddedInsights
from transcription.analysis.quality.embedded import EmbeddedQuality
from transcription.analysis.speakers import assign_speakers
from transcription.analysis.summary.embedded import EmbeddedSummary
from transcription.engines.base import SAMPLE_RATE_HZ, Samples
from transcription.models import Segment

BOUND_S = 180.0
HOUR_S = 3600.0


def in_a_row(
    conversations: Sequence[Conversation], heard: Sequence[Heard], length_s: float
) -> tuple[Samples, tuple[Segment, ...]]:
    """The recordings one after the other, again from the first where they do not fill the time, and the
    recognised words in them."""
    pieces: list[Samples] = []
    segments: list[Segment] = []
    at = 0
    while at < length_s * SAMPLE_RATE_HZ:
        index = len(pieces) % len(conversations)
        samples = conversations[index].samples
        if samples is None:
            raise ValueError("a conversation that nobody read")
        offset_s = at / SAMPLE_RATE_HZ
        segments += [
            replace(
                segment,
                id=len(segments) + number,
                start_s=segment.start_s + offset_s,
                end_s=segment.end_s + offset_s,
                words=tuple(word.shifted(offset_s) for word in segment.words),
            )
            for number, segment in enumerate(heard[index].talk.segments)
        ]
        pieces.append(samples)
        at += len(samples)
    return np.concatenate(pieces), tuple(segments)


def figures(
    conversations: Sequence[Conversation], heard: Sequence[Heard], *, length_s: float = HOUR_S
) -> list[Figure]:
    """One stage after the other, in this process; loading is not counted, it is done once a worker.

    The pipeline runs the stages that read side by side, one a process, so its own time is shorter.
    """
    samples, segments = in_a_row(conversations, heard, length_s)
    audio_s = len(samples) / SAMPLE_RATE_HZ
    config = StageEngineConfig()
    diarization, entities = EmbeddedDiarization(config), EmbeddedEntities(config)
    answers, classifier, quality = EmbeddedAnswers(config), EmbeddedClassification(), EmbeddedQuality()
    summary, insights = EmbeddedSummary(), EmbeddedInsights()
    for engine in (diarization, entities, answers, classifier, quality, summary, insights):
        engine.load()
    took: dict[str, float] = {}
    cpu_before_s = time.process_time()
    with _timed(took, "diarization"):
        turns = diarization.diarize(samples, segments).turns
        talk = Talk(assign_speakers(segments, turns), "en", audio_s, turns)
    with _timed(took, "entities"):
        found = entities.extract(talk)
    with _timed(took, "classification"):
        labels = classifier.classify(talk, clinic())
    with _timed(took, "answers"):
        answers.answer(talk, nurse_intake())
    with _timed(took, "quality"):
        quality.evaluate(talk)
    with _timed(took, "summary"):
        told = summary.summarise(talk, entities=found)
    with _timed(took, "insights"):
        insights.derive(talk, entities=found, summary=told, classification=labels)
    scale = HOUR_S / audio_s
    return [
        at_most("all stages but transcription, an hour of audio", sum(took.values()) * scale, "s", BOUND_S),
        *(Figure(f"of it {stage}", seconds * scale, "s") for stage, seconds in took.items()),
        Figure("processor time of all", (time.process_time() - cpu_before_s) * scale, "s"),
        Figure("audio that was measured", audio_s / 60, "min"),
    ]


@contextmanager
def _timed(took: dict[str, float], stage: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    took[stage] = time.monotonic() - began
