"""Which language to ask for: the one that was set, or the one that was heard and is sure.

Detection over a short window errs. Unset (None), it is done for each utterance until two finals in a row name
the same language with confidence; that one is then held for the session. `auto` asks again every time.
"""

from __future__ import annotations

from transcription.engines.base import Hypothesis

SURE_PROBABILITY = 0.8
SURE_LENGTH_S = 2.0
"""Shorter utterances prove little: Whisper's detection over a second or two is often wrong."""


class LanguageMemory:
    def __init__(self) -> None:
        self._candidate: str | None = None
        self._held: str | None = None

    def ask_for(self, configured: str | None) -> str | None:
        """What a request should say; None: detect."""
        if configured == "auto":
            return None
        return configured or self._held

    def heard(self, hypothesis: Hypothesis, length_s: float) -> None:
        """Learn from a final."""
        probability = hypothesis.language_probability
        if hypothesis.language is None or probability is None:
            return
        if probability < SURE_PROBABILITY or length_s < SURE_LENGTH_S:
            return
        if hypothesis.language == self._candidate:
            self._held = self._candidate
        self._candidate = hypothesis.language

    def forget(self) -> None:
        """The configured language changed."""
        self._candidate = self._held = None
