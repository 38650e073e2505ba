"""Windows of live sessions to hypotheses: one encode, one generate and one align for those that fit together.

What fits: windows padded to one length, with prompts of one length, all partials or all finals. A final whose
decoder stopped before the audio's end is read on from the last whole segment, as Whisper's long form does; a
partial is not, it is soon replaced.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from transcription.engines.base import Hypothesis, HypothesisSegment, SpeechWindow
from transcription.engines.faster_whisper_decoding import TEMPERATURES, Answer, Decoding, generate
from transcription.engines.faster_whisper_encoding import Padded, WindowEncoder, padded_frames, rows
from transcription.engines.faster_whisper_features import FRAMES_PER_S, Features, LogMel
from transcription.engines.faster_whisper_language import ENGLISH, whisper_language
from transcription.engines.faster_whisper_prompt import Prompter
from transcription.engines.faster_whisper_words import (
    Split,
    TimedWord,
    split_by_timestamps,
    timed_words,
    words_of,
)

PARTIAL_BEAM_SIZE = 1
"""A partial is soon replaced; a wider beam costs twice its time."""
SPARE_TOKENS = 24
"""Allowed on top of the budget per second, so that a short window's timestamps and burst fit."""
_REREAD_S = 1.0
"""Less audio than this after the last whole segment is not decoded again: what was said of it stands."""


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """`partial_tokens_per_s`: the most tokens a partial may have for a second of audio, SPARE_TOKENS aside;
    24 is the guards' limit of 8 words a second at three tokens a word."""

    beam_size: int = 5
    short_partials: bool = False
    partial_tokens_per_s: int = 24


@dataclass(slots=True)
class _Job:
    """A window under way. `seek`: frames that are decoded; `language`: Whisper's, None until detected."""

    window: SpeechWindow
    features: Features
    context: list[int]
    frames: int
    language: str | None
    language_probability: float | None = None
    seek: int = 0
    engine_s: float = 0.0
    segments: list[HypothesisSegment] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Frames that are still to be decoded."""
        frames: int = self.features.shape[1]
        return frames - self.seek

    @property
    def span_s(self) -> float:
        """How much of it the next round takes."""
        return min(self.left, self.frames) / FRAMES_PER_S

    @property
    def fits_with(self) -> tuple[bool, int, int]:
        return not self.window.is_final, self.frames, len(self.context)


class WindowDecoder:
    """For one loaded faster_whisper.WhisperModel. Not for several threads at a time."""

    def __init__(self, whisper: Any, settings: WindowSettings) -> None:
        self.log_mel = LogMel(whisper.feature_extractor.mel_filters)
        self.encoder = WindowEncoder(whisper.model)
        self._model = whisper.model
        self._max_length: int = whisper.max_length
        self._languages = frozenset(whisper.supported_languages)
        self._settings = settings
        self._prompter = Prompter(whisper)

    def decode(self, windows: Sequence[SpeechWindow]) -> list[Hypothesis]:
        """In order; `engine_ms` is a window's share of the time that its batch took.

        Raises RuntimeError, ValueError or MemoryError, as CTranslate2 does.
        """
        jobs = [self._job(window) for window in windows]
        pending = [job for job in jobs if job.features.shape[1]]
        while pending:
            fitting: dict[tuple[bool, int, int], list[_Job]] = {}
            for job in sorted(pending, key=lambda job: job.fits_with):  # finals first
                fitting.setdefault(job.fits_with, []).append(job)
            pending = [job for group in fitting.values() for job in self._round(group)]
        for window in windows:
            if window.is_final:
                self.log_mel.forget(window.utterance_key)
                self.encoder.forget(window.utterance_key)
        return [
            Hypothesis(tuple(job.segments), job.language, job.language_probability, job.engine_s * 1000)
            for job in jobs
        ]

    def _job(self, window: SpeechWindow) -> _Job:
        began = time.perf_counter()
        features = self.log_mel.features(window.samples, window.utterance_key)
        short = self._settings.short_partials and not window.is_final
        return _Job(
            window,
            features,
            self._prompter.context(window.options),
            padded_frames(features.shape[1], short=short),
            whisper_language(window.options.language, self._languages),
            engine_s=time.perf_counter() - began,
        )

    def _round(self, jobs: list[_Job]) -> list[_Job]:
        """Decode each once; those that have to be read on, which a window of more than 30 s has too."""
        began = time.perf_counter()
        encoded = self.encoder.encode(
            [
                Padded(
                    job.window.utterance_key,
                    job.features[:, job.seek :],
                    job.frames,
                    keep=not job.window.is_final,
                )
                for job in jobs
            ]
        )
        self._detect_languages(jobs, encoded)
        starts = [self._tokenizer(job).sot_sequence for job in jobs]
        is_final = jobs[0].window.is_final
        per_s = self._settings.partial_tokens_per_s
        decoding = Decoding(
            beam_size=self._settings.beam_size if is_final else PARTIAL_BEAM_SIZE,
            temperatures=TEMPERATURES if is_final else TEMPERATURES[:1],
            suppressed=self._prompter.suppressed(),
            max_length=self._max_length,
            budgets=[None if is_final else SPARE_TOKENS + int(per_s * job.span_s) for job in jobs],
        )
        prompts = [[*job.context, *start] for job, start in zip(jobs, starts, strict=True)]
        answers = generate(self._model, encoded, prompts, self._tokenizer(jobs[0]), decoding)
        splits = [self._split(job, answer) for job, answer in zip(jobs, answers, strict=True)]
        aligned = self._align(jobs, splits, encoded)
        for job, answer, split, pieces in zip(jobs, answers, splits, aligned, strict=True):
            job.segments += self._segments(job, answer, split, pieces)
            job.seek += round((job.span_s if split.reread_s is None else split.reread_s) * FRAMES_PER_S)
            job.engine_s += (time.perf_counter() - began) / len(jobs)
        return [job for job in jobs if job.left]

    def _tokenizer(self, job: _Job) -> Any:
        return self._prompter.tokenizer(job.language or ENGLISH, job.window.options.task)

    def _detect_languages(self, jobs: list[_Job], encoded: Any) -> None:
        """A decoder step for the windows whose language nobody named."""
        asked = [row for row, job in enumerate(jobs) if job.language is None]
        if not asked:
            return
        detected = self._model.detect_language(rows(encoded, asked))
        for row, ranked in zip(asked, detected, strict=True):
            token, probability = ranked[0]
            jobs[row].language, jobs[row].language_probability = token[2:-2], float(probability)

    def _split(self, job: _Job, answer: Answer) -> Split:
        """The segments that stand. Of a final that is to be read on, the unfinished last one does not."""
        tokenizer = self._tokenizer(job)
        split = split_by_timestamps(
            answer.tokens,
            timestamp_begin=tokenizer.timestamp_begin,
            eot=tokenizer.eot,
            duration_s=job.span_s,
        )
        again = split.reread_s
        if not job.window.is_final or again is None or again <= 0 or job.span_s - again < _REREAD_S:
            return Split(split.segments)
        return Split(tuple(segment for segment in split.segments if segment.start_s < again), again)

    def _align(self, jobs: list[_Job], splits: list[Split], encoded: Any) -> list[list[TimedWord]]:
        """The timed pieces of each window's text; empty where there is none or nobody asked for times."""
        pieces: list[list[TimedWord]] = [[] for _ in jobs]
        by_start: dict[tuple[int, ...], list[int]] = {}
        for row, (job, split) in enumerate(zip(jobs, splits, strict=True)):
            if split.segments and job.window.options.word_timestamps:
                by_start.setdefault(tuple(self._tokenizer(job).sot_sequence), []).append(row)
        for start, wanted in by_start.items():
            texts = [_text_tokens(splits[row]) for row in wanted]
            alignments = self._model.align(
                rows(encoded, wanted),
                list(start),
                texts,
                [min(jobs[row].frames, jobs[row].left) for row in wanted],
            )
            for row, text, alignment in zip(wanted, texts, alignments, strict=True):
                job = jobs[row]
                translated = job.window.options.task == "translate"  # then the words are English
                words_in = ENGLISH if translated else job.language or ENGLISH
                tokenizer = self._prompter.tokenizer(words_in, job.window.options.task)
                pieces[row] = timed_words(alignment, text, tokenizer, offset_s=job.seek / FRAMES_PER_S)
        return pieces

    def _segments(
        self, job: _Job, answer: Answer, split: Split, pieces: list[TimedWord]
    ) -> Iterator[HypothesisSegment]:
        """On the audio clock, within the window: Whisper pads, and may put words there."""
        left, tokenizer, seek_s = list(pieces), self._tokenizer(job), job.seek / FRAMES_PER_S

        def place(at_s: float) -> float:
            return job.window.offset_s + min(max(at_s, 0.0), job.window.duration_s)

        for segment in split.segments:
            text = tokenizer.decode(list(segment.tokens)).strip()
            own: list[TimedWord] = []
            taken = 0
            while left and taken < len(segment.tokens):
                taken += left[0].tokens
                own.append(left.pop(0))
            if not text:
                continue
            words = words_of(own)
            yield HypothesisSegment(
                start_s=place(words[0].start_s if words else seek_s + segment.start_s),
                end_s=place(words[-1].end_s if words else seek_s + segment.end_s),
                text=text,
                words=tuple(
                    replace(word, start_s=place(word.start_s), end_s=place(word.end_s)) for word in words
                ),
                avg_logprob=answer.avg_logprob,
                no_speech_prob=answer.no_speech_prob,
                compression_ratio=answer.compression_ratio,
            )


def _text_tokens(split: Split) -> list[int]:
    return [token for segment in split.segments for token in segment.tokens]
