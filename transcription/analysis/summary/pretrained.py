"""A summary in a model's own words, window by window, then of the windows' summaries.

Decisions and things to do stay those of the rules: each names the segment that says it, which a model that
writes freely cannot.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import replace

from transcription.analysis.base import Entity, Progress, StageEngineConfig, Summary, Talk
from transcription.analysis.pretrained.generation import generate
from transcription.analysis.pretrained.loading import Pretrained, load_pretrained
from transcription.analysis.pretrained.windows import lines_in_windows, max_tokens_of, spoken_lines
from transcription.analysis.summary.embedded import EmbeddedSummary
from transcription.errors import EngineFailed

NAME = "transformers"
DEFAULT_MODEL = "philschmid/bart-large-cnn-samsum"
_SPECIAL_TOKENS = 8
_LONGEST_SUMMARY_TOKENS = 142  # what the CNN/DailyMail models were trained to write at most
_SUMMARY_PART = 3  # of a window, where that is less
_ROUNDS = 4
"""Each makes the text shorter by far; an hour of talk needs two."""


class TransformersSummary:
    """SummaryEngine. Options: `device`, `batch_size`, `num_beams`."""

    name = NAME

    def __init__(self, config: StageEngineConfig) -> None:
        self.model = config.model or DEFAULT_MODEL
        self.version = ""
        self._config = config
        self._batch = int(config.options.get("batch_size", 4))
        self._beams = int(config.options.get("num_beams", 4))
        self._extracts = EmbeddedSummary()
        self._loaded: Pretrained | None = None

    def load(self) -> None:
        """Raises EngineUnavailable."""
        if self._loaded is None:
            self._loaded = load_pretrained(
                NAME, self._config, stage="summary", model=self.model, auto_model="AutoModelForSeq2SeqLM"
            )
            self.version = importlib.metadata.version("transformers")

    def summarise(
        self, talk: Talk, *, entities: Sequence[Entity] = (), on_progress: Progress = lambda _: None
    ) -> Summary:
        if self._loaded is None:
            raise EngineFailed(NAME, "load() was not called", retryable=False)
        extracted = self._extracts.summarise(talk, entities=entities)
        lines = [line for line in spoken_lines(talk.segments) if line.strip()]
        if not lines:
            on_progress(1.0)
            return extracted
        text = self._shortened(self._loaded, lines, on_progress)
        return replace(extracted, text=text)

    def _shortened(self, loaded: Pretrained, lines: Sequence[str], on_progress: Progress) -> str:
        max_tokens = max_tokens_of(loaded.reader, loaded.model)
        room = max_tokens - _SPECIAL_TOKENS
        for done in range(_ROUNDS):
            windows = [w.text for w in lines_in_windows(lines, loaded.reader, max_tokens=room)]
            lines = generate(
                NAME,
                loaded,
                windows,
                max_tokens=max_tokens,
                max_new_tokens=min(_LONGEST_SUMMARY_TOKENS, max(8, room // _SUMMARY_PART)),
                batch_size=self._batch,
                on_progress=lambda part, done=done: on_progress((done + part) / _ROUNDS),  # type: ignore[misc]
                num_beams=self._beams,
            )
            if len(lines) == 1:
                break
        on_progress(1.0)
        return " ".join(line for line in lines if line)
