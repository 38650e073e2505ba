"""Translation by a model of transformers that was made for one pair of languages (OPUS-MT and its like)."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable

from transcription.analysis.base import (
    Progress,
    SegmentText,
    Spoken,
    StageEngineConfig,
    Talk,
    Translation,
)
from transcription.analysis.pretrained.generation import generate
from transcription.analysis.pretrained.loading import Pretrained, batch_size_on, load_pretrained
from transcription.analysis.pretrained.windows import lines_in_windows, max_tokens_of
from transcription.errors import NotSupported
from transcription.models import join_text

NAME = "transformers"
PAIR_MODEL = "Helsinki-NLP/opus-mt-{source}-{target}"
BATCH_SIZE = {"cuda": 32, "cpu": 8}
"""Pieces that are translated at a time: on a GPU 32 take hardly longer than 8 (docs/benchmarks.md)."""
_SPECIAL_TOKENS = 4
_GROWTH = 2  # a translation is allowed that many tokens for each of the original's


class TransformersTranslation:
    """TranslationEngine. Options: `device`, `batch_size`. `model` may hold {source} and {target}, which
    become the languages; a model is loaded when the first talk in its pair comes."""

    name = NAME

    def __init__(self, config: StageEngineConfig) -> None:
        self.model = config.model or PAIR_MODEL
        self.version = ""
        self._config = config
        self._loaded: dict[str, Pretrained] = {}

    def load(self) -> None:
        """A model for one pair is loaded; one of a template when the pair is known, so under `auto` this is
        an engine only where a model was named. Raises EngineUnavailable."""
        if not self._config.may_fetch or "{" not in self.model:
            self._pretrained(self.model)
        self.version = importlib.metadata.version("transformers")

    def translate(
        self,
        talk: Talk,
        *,
        language_to: str,
        spoken: Callable[[], Spoken | None],
        on_progress: Progress = lambda _: None,
        on_text: Callable[[str], None] = lambda _: None,
    ) -> Translation:
        source, target = _primary(talk.language), _primary(language_to)
        if source is None:
            raise NotSupported(NAME, "the language of the talk is not known")
        loaded = self._pretrained(self.model.format(source=source, target=target))
        max_tokens = max_tokens_of(loaded.reader, loaded.model)
        pieces, owners = [], []
        for segment in talk.segments:
            for window in lines_in_windows(
                [segment.text], loaded.reader, max_tokens=max_tokens - _SPECIAL_TOKENS
            ):
                pieces.append(window.text)
                owners.append(segment.id)
        batch_size = batch_size_on(loaded.device, self._config, BATCH_SIZE)
        written: list[str] = []
        for first in range(0, len(pieces), batch_size):
            written += generate(
                NAME,
                loaded,
                pieces[first : first + batch_size],
                max_tokens=max_tokens,
                max_new_tokens=max_tokens * _GROWTH,
                batch_size=batch_size,
            )
            on_text(join_text(written[first:], target))
            on_progress(len(written) / len(pieces))
        said: dict[int, list[str]] = {segment.id: [] for segment in talk.segments}
        for owner, text in zip(owners, written, strict=True):
            said[owner].append(text)
        segments = tuple(SegmentText(owner, join_text(texts, target)) for owner, texts in said.items())
        text = join_text((segment.text for segment in segments), target)
        return Translation(source, language_to, text, segments)

    def _pretrained(self, model: str) -> Pretrained:
        if model not in self._loaded:
            self._loaded[model] = load_pretrained(
                NAME, self._config, stage="translation", model=model, auto_model="AutoModelForSeq2SeqLM"
            )
        return self._loaded[model]


def _primary(language: str | None) -> str | None:
    return language.split("-", maxsplit=1)[0].lower() if language else None
