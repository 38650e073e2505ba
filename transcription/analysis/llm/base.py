"""What the engines that ask an endpoint share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from transcription.analysis.base import Evidence, Progress, StageEngineConfig, Talk, Usage
from transcription.analysis.llm.endpoint import Endpoint, Shape, load_prompt
from transcription.analysis.llm.reading import MAX_CHARS, Claim, evidence_for, rendered, talk_windows

NAME = "llm"
AnyClaim = TypeVar("AnyClaim", bound=Claim)


class LlmEngine:
    """`prompt_name`, `prompt_version`: the file in prompts/ whose id is the engine's version."""

    name = NAME
    prompt_name: str
    prompt_version: int

    def __init__(self, config: StageEngineConfig) -> None:
        self._endpoint = Endpoint(NAME, config)
        self._prompt = load_prompt(self.prompt_name, self.prompt_version)
        self._max_chars = int(config.options.get("max_chars", MAX_CHARS))
        self.model = self._endpoint.model
        self.version = self._prompt.id

    def load(self) -> None:
        """Raises EngineUnavailable."""
        self._endpoint.load()

    def take_usage(self) -> Usage:
        """Requests, tokens, cost and dropped claims since it was last asked."""
        return self._endpoint.take_usage()

    def _ask_each(
        self, talk: Talk, shape: type[Shape], on_progress: Progress, **values: str
    ) -> Iterator[tuple[Talk, Shape]]:
        """The prompt over each window of the talk; none for a talk in which nothing was said."""
        windows = list(talk_windows(talk, self._max_chars))
        for index, window in enumerate(windows, start=1):
            yield window, self._endpoint.ask(self._prompt, shape, talk=rendered(window.segments), **values)
            on_progress(index / len(windows))
        if not windows:
            on_progress(1.0)

    def _borne_out(self, claims: Sequence[AnyClaim], talk: Talk) -> list[tuple[AnyClaim, Evidence]]:
        """The claims whose quote is in the talk, with the quote as it stands there; the rest is counted."""
        found = [(claim, evidence_for(claim, talk.segments)) for claim in claims]
        kept = [(claim, evidence) for claim, evidence in found if evidence is not None]
        self._endpoint.drop_claims(len(found) - len(kept))
        return kept
