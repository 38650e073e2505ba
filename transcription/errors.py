"""What can go wrong in the library, by who can do something about it.

TranscriptionError
├── EngineUnavailable      an operator can: a package, a model or a device is missing; says what to do
├── EngineFailed           nobody yet: an engine broke on this input; retryable says whether again may help
│   └── NotSupported       the caller: this engine does not do what was asked (a language, a task)
├── AudioUndecodable       the sender: these bytes are no audio, or are cut off
└── UnsupportedAudio       the sender: audio, but not in a form that is taken here
"""

from __future__ import annotations


class TranscriptionError(Exception):
    """Anything this package raises on purpose."""


class EngineUnavailable(TranscriptionError):
    """An engine cannot be loaded here. `hint` says what an operator does about it."""

    def __init__(self, engine: str, reason: str, *, hint: str) -> None:
        super().__init__(f"{engine}: {reason}. {hint}")
        self.engine = engine
        self.reason = reason
        self.hint = hint


class EngineFailed(TranscriptionError):
    """An engine that was loaded broke while at work."""

    def __init__(self, engine: str, reason: str, *, retryable: bool) -> None:
        super().__init__(f"{engine}: {reason}")
        self.engine = engine
        self.retryable = retryable


class NotSupported(EngineFailed):
    """An engine was asked for something that it does not do."""

    def __init__(self, engine: str, reason: str) -> None:
        super().__init__(engine, reason, retryable=False)


class AudioUndecodable(TranscriptionError):
    """The bytes are not a recording that can be decoded."""


class UnsupportedAudio(TranscriptionError):
    """An encoding, rate, channel count or length outside what is taken."""
