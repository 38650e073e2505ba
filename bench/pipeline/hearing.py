"""What the stages that listen make of conversations: the words, and who said them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import jiwer
from pyannote.core import Annotation
from pyannote.core import Segment as Span
from pyannote.metrics.diarization import DiarizationErrorRate

from bench.pipeline.conversations import Conversation
from bench.pipeline.written import as_compared
from bench.report import Figure, at_least, at_most
from bench.words import folded, matches
from transcription.analysis.base import SpeakerTurns, StageEngineConfig, Talk
from transcription.analysis.diarization.embedded import EmbeddedDiarization
from transcription.analysis.speakers import assign_speakers
from transcription.engines import carried
from transcription.engines.base import Hypothesis, Samples, SpeechEngineConfig, SpeechOptions
from transcription.engines.registry import make_speech_engine
from transcription.models import Segment, Turn

COLLAR_S = 0.25


@dataclass(frozen=True, slots=True)
class Heard:
    """`talk`: the recognised words with the speakers that were found; `turns`: who spoke when."""

    talk: Talk
    turns: tuple[Turn, ...]


def recognise(recordings: Sequence[Samples]) -> list[tuple[Segment, ...]]:
    """The words of each recording, without speakers: by the Whisper base that the product carries."""
    engine = make_speech_engine("faster-whisper", SpeechEngineConfig(model=carried.MODEL))
    engine.load()
    try:
        return [
            _segments(engine.transcribe(samples, SpeechOptions(language="en"), lambda _: None))
            for samples in recordings
        ]
    finally:
        engine.close()


def _segments(hypotheses: Iterable[Hypothesis]) -> tuple[Segment, ...]:
    pieces = [piece for hypothesis in hypotheses for piece in hypothesis.segments if piece.text.strip()]
    return tuple(
        Segment(number, piece.start_s, piece.end_s, piece.text.strip(), words=piece.words)
        for number, piece in enumerate(pieces)
    )


def hear(conversations: Sequence[Conversation]) -> list[Heard]:
    recordings = [c.samples for c in conversations if c.samples is not None]
    engine = EmbeddedDiarization(StageEngineConfig())
    engine.load()
    return [
        heard_as(conversation, segments, engine.diarize(samples, segments))
        for conversation, samples, segments in zip(
            conversations, recordings, recognise(recordings), strict=True
        )
    ]


def heard_as(conversation: Conversation, segments: Sequence[Segment], found: SpeakerTurns) -> Heard:
    talk = replace(conversation.talk, segments=assign_speakers(segments, found.turns), turns=found.turns)
    return Heard(talk, found.turns)


def _word_for_word(conversations: Sequence[Conversation], texts: Sequence[str]) -> float:
    """Of the mentions, the part that stands in what was recognised: no reader of it can find more."""
    said = [
        f" {as_compared(mention.text)} " in f" {text} "
        for conversation, text in zip(conversations, texts, strict=True)
        for line in conversation.script.lines
        for mention in line.mentions
        if mention.label != "EMAIL"
    ]
    return sum(said) / len(said)


def text_of(talk: Talk) -> str:
    return " ".join(segment.text for segment in talk.segments)


def annotation(turns: Sequence[Turn]) -> Annotation:
    result = Annotation()
    for index, turn in enumerate(turns):
        result[Span(turn.start_s, turn.end_s), index] = turn.speaker_id
    return result


def figures(conversations: Sequence[Conversation], heard: Sequence[Heard]) -> list[Figure]:
    der = DiarizationErrorRate(collar=2 * COLLAR_S)  # pyannote's collar is both sides together
    right_count = said_right = said = 0
    for conversation, one in zip(conversations, heard, strict=True):
        wanted = annotation(conversation.talk.turns)
        found = annotation(one.turns)
        der(wanted, found)
        right_count += len(wanted.labels()) == len(found.labels())
        names = der.optimal_mapping(wanted, found)
        true_words = [
            (w, s.speaker_id)
            for s in conversation.talk.segments
            for word in s.words
            for w in folded(word.text)
        ]
        their_words = [
            (w, word.speaker_id) for s in one.talk.segments for word in s.words for w in folded(word.text)
        ]
        for a, b in matches([w for w, _ in true_words], [w for w, _ in their_words]):
            said += 1
            said_right += names.get(their_words[b][1]) == true_words[a][1]
    truth = [as_compared(text_of(conversation.talk)) for conversation in conversations]
    recognised = [as_compared(text_of(one.talk)) for one in heard]
    return [
        at_most(f"DER (collar {COLLAR_S} s), speaker count found", 100 * abs(der), "%", 10),
        at_least("speaker count right", 100 * right_count / len(heard), "%", 85),
        at_least("words with the right speaker, of those heard right", 100 * said_right / said, "%", 95),
        Figure("WER of the recogniser (Whisper base)", 100 * jiwer.wer(truth, recognised), "%"),
        Figure(
            "mentions heard word for word, but for addresses of mail",
            100 * _word_for_word(conversations, recognised),
            "%",
        ),
    ]
