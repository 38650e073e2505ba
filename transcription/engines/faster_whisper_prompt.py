"""What is put before the decoder (hot words, a prompt, language and task), and what it must not say."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from transcription.engines.base import SpeechOptions

logger = logging.getLogger(__name__)

_SEPARATOR = ", "


class Prompter:
    """Tokens for one loaded model (a faster_whisper.WhisperModel)."""

    def __init__(self, whisper: Any) -> None:
        self._whisper = whisper
        self._multilingual = bool(whisper.model.is_multilingual)
        self._tokenizers: dict[tuple[str, str], Any] = {}
        self._suppressed: list[int] | None = None
        self._told: set[int] = set()
        self._room = whisper.max_length // 2 - 1
        """Half of what the decoder can hold, less the token that starts it (Whisper's own limit)."""

    def tokenizer(self, language: str, task: str) -> Any:
        """faster-whisper's tokenizer for a language and a task."""
        from faster_whisper.tokenizer import Tokenizer

        if (language, task) not in self._tokenizers:
            self._tokenizers[language, task] = Tokenizer(
                self._whisper.hf_tokenizer, self._multilingual, task=task, language=language
            )
        return self._tokenizers[language, task]

    def context(self, options: SpeechOptions) -> list[int]:
        """The tokens before <|startoftranscript|>: empty where there is neither vocabulary nor prompt.

        The prompt's end is kept and as many whole phrases of the vocabulary as there is room for; which are
        left out is logged, once a vocabulary.
        """
        tokenizer = self.tokenizer("en", "transcribe")
        prompt = (
            tokenizer.encode(" " + options.prompt.strip())[-self._room :] if options.prompt.strip() else []
        )
        hot = self._hot_words(tokenizer, options.vocabulary, self._room - len(prompt))
        return [tokenizer.sot_prev, *hot, *prompt] if hot or prompt else []

    def suppressed(self) -> list[int]:
        """Tokens that are no speech (brackets, notes, musical signs), and those of its grammar."""
        from faster_whisper.transcribe import get_suppressed_tokens

        if self._suppressed is None:
            self._suppressed = list(get_suppressed_tokens(self.tokenizer("en", "transcribe"), [-1]))
        return self._suppressed

    def _hot_words(self, tokenizer: Any, vocabulary: Sequence[str], room: int) -> list[int]:
        tokens: list[int] = []
        for index, phrase in enumerate(vocabulary):
            more = tokenizer.encode((_SEPARATOR if tokens else " ") + phrase.strip())
            if len(tokens) + len(more) > room:
                self._tell(vocabulary, index)
                break
            tokens += more
        return tokens

    def _tell(self, vocabulary: Sequence[str], taken: int) -> None:
        if (mark := hash(tuple(vocabulary))) in self._told:
            return
        self._told = {mark, *list(self._told)[-999:]}
        logger.warning(
            "the decoder has room for %s of %s phrases of a vocabulary; put those that matter most first",
            taken,
            len(vocabulary),
        )
