"""Answers by an extractive reader: the span of the talk that a model points at, or none.

The reader was trained with questions that have no answer (SQuAD 2.0): it points at its first token where it
sees none. A span counts where its score is above that of no answer in its own window.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from transcription.analysis.base import Answer, Evidence, Progress, Question, StageEngineConfig, Talk
from transcription.analysis.pretrained.loading import Pretrained, load_pretrained, run
from transcription.analysis.pretrained.torch_imports import import_torch
from transcription.analysis.pretrained.windows import max_tokens_of
from transcription.analysis.quotes import quote
from transcription.errors import EngineFailed, EngineUnavailable
from transcription.models import Segment

NAME = "transformers"
DEFAULT_MODEL = "deepset/roberta-base-squad2"
MAX_ANSWER_TOKENS = 30
_CANDIDATES = 20  # best starts and ends looked at, as SQuAD's own evaluation does
_STRIDE_PART = 4


@dataclass(frozen=True, slots=True)
class _Span:
    """Code points in the whole text; `score`: above (positive) or below "no answer"."""

    start: int
    end: int
    score: float
    probability: float


class TransformersAnswers:
    """AnswerEngine. Options: `device`, `batch_size`, `threshold` (score above no answer; default 0)."""

    name = NAME

    def __init__(self, config: StageEngineConfig) -> None:
        self.model = config.model or DEFAULT_MODEL
        self.version = ""
        self._config = config
        self._batch = int(config.options.get("batch_size", 8))
        self._threshold = float(config.options.get("threshold", 0.0))
        self._loaded: Pretrained | None = None

    def load(self) -> None:
        """Raises EngineUnavailable."""
        if self._loaded is not None:
            return
        loaded = load_pretrained(
            NAME, self._config, stage="qa", model=self.model, auto_model="AutoModelForQuestionAnswering"
        )
        if not loaded.reader.is_fast:
            raise EngineUnavailable(
                NAME, "the model's tokenizer gives no offsets", hint="Choose a model with a fast tokenizer."
            )
        self.version = importlib.metadata.version("transformers")
        self._loaded = loaded

    def answer(
        self, talk: Talk, questions: Sequence[Question], *, on_progress: Progress = lambda _: None
    ) -> tuple[Answer, ...]:
        """One answer per question, in order."""
        if self._loaded is None:
            raise EngineFailed(NAME, "load() was not called", retryable=False)
        segments = [segment for segment in talk.segments if segment.text.strip()]
        text = "\n".join(segment.text for segment in segments)
        answers = []
        for index, question in enumerate(questions, start=1):
            span = self._best(self._loaded, question.text, text) if text else None
            answers.append(_answer(question, span, segments))
            on_progress(index / len(questions))
        return tuple(answers)

    def _best(self, loaded: Pretrained, question: str, text: str) -> _Span | None:
        tokenizer = loaded.reader
        max_tokens = max_tokens_of(tokenizer, loaded.model)
        windows = tokenizer(
            question,
            text,
            truncation="only_second",
            max_length=max_tokens,
            stride=_stride(tokenizer, question, max_tokens),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            padding=True,
            return_tensors="np",
        )
        offsets = windows.pop("offset_mapping")
        windows.pop("overflow_to_sample_mapping", None)
        reached = max(int(ends.max(initial=0)) for ends in (row[:, 1] for row in offsets))
        if text[reached:].strip():  # tokenizers 0.23.1 and 0.23.2 give two windows, however long a text is
            raise EngineFailed(NAME, "the tokenizer left out the end of the talk", retryable=False)
        best: _Span | None = None
        for first in range(0, len(offsets), self._batch):
            batch = {name: windows[name][first : first + self._batch] for name in windows}
            starts, ends = _logits(loaded, batch)
            for row in range(len(starts)):
                window = first + row
                inside = np.array([part == 1 for part in windows.sequence_ids(window)])
                span = _span(starts[row], ends[row], inside, offsets[window])
                if span is not None and (best is None or span.score > best.score):
                    best = span
        return best if best is not None and best.score > self._threshold else None


def _stride(tokenizer: Any, question: str, max_tokens: int) -> int:
    """Tokens that two windows share. Raises EngineFailed for a question that leaves no room for the talk."""
    room = max_tokens - len(tokenizer(question, "")["input_ids"])
    if room < 2:
        raise EngineFailed(NAME, "a question is longer than the model reads", retryable=False)
    return min(max_tokens // _STRIDE_PART, room // 2)


def _logits(loaded: Pretrained, batch: dict[str, Any]) -> tuple[Any, Any]:
    torch = import_torch(NAME)
    tensors = {name: torch.as_tensor(rows).to(loaded.device) for name, rows in batch.items()}
    said = run(NAME, loaded.model, **tensors)
    return said.start_logits.float().cpu().numpy(), said.end_logits.float().cpu().numpy()


def _span(starts: Any, ends: Any, inside: Any, offsets: Any) -> _Span | None:
    """The best span of one window against no answer, which is the first token."""
    nothing = float(starts[0] + ends[0])
    places = np.flatnonzero(inside)
    if not len(places):
        return None
    best_starts = places[np.argsort(starts[places])[::-1][:_CANDIDATES]]
    best_ends = places[np.argsort(ends[places])[::-1][:_CANDIDATES]]
    found = [
        (float(starts[begin] + ends[end]), int(begin), int(end))
        for begin in best_starts
        for end in best_ends
        if begin <= end < begin + MAX_ANSWER_TOKENS
    ]
    if not found:
        return None
    score, begin, end = max(found)
    probability = float(1 / (1 + np.exp(np.clip(nothing - score, -500, 500))))
    return _Span(int(offsets[begin][0]), int(offsets[end][1]), score - nothing, probability)


def _answer(question: Question, span: _Span | None, segments: Sequence[Segment]) -> Answer:
    evidence = _evidence(span, segments) if span is not None else ()
    if span is None or not evidence:
        return Answer(question.id, question.text, None, "not_found", None, ())
    said = " ".join(piece.quote for piece in evidence)
    return Answer(question.id, question.text, said, "answered", round(span.probability, 4), evidence)


def _evidence(span: _Span, segments: Sequence[Segment]) -> tuple[Evidence, ...]:
    """The span as quotes of the segments that it lies in."""
    begins = [0, *accumulate(len(segment.text) + 1 for segment in segments)]
    quotes = []
    for segment, begin in zip(segments, begins, strict=False):
        start, end = max(span.start - begin, 0), min(span.end - begin, len(segment.text))
        if start < end and segment.text[start:end].strip():
            quotes.append(quote(segment, start, end))
    return tuple(quotes)
