"""Settings of one streaming session, with the reason for each default."""

from __future__ import annotations

from dataclasses import dataclass

_RANGES: dict[str, tuple[float, float]] = {
    "max_gap_sec": (0.0, 3600.0),
    "sample_rate": (8_000, 48_000),
    "vad_threshold": (0.05, 0.99),
    "min_speech_ms": (32, 2_000),
    "min_silence_duration_ms": (64, 10_000),
    "prefix_padding_ms": (0, 5_000),
    "max_utterance_s": (2.0, 28.0),  # the longest window that Whisper takes is 30 s
    "overlap_s": (0.0, 0.9),  # less than half the shortest utterance, so that every cut gets on
    "max_new_audio_s": (0.05, 30.0),
    "min_new_audio_s": (0.03, 30.0),
    "prompt_chars": (0, 200),
    "early_final_ms": (0, 10_000),
    "commit_probability": (0.0, 1.0),
    "max_backlog_s": (60.0, 3_600.0),
}


@dataclass(frozen=True, slots=True)
class StreamConfig:
    max_gap_sec: float = 1.0
    """Text chunks: a gap longer than this opens a new segment."""
    sample_rate: int = 16_000
    language: str | None = None
    vocabulary: tuple[str, ...] = ()
    enable_diarization: bool = False
    enable_analytics: bool = False
    enable_semantics: bool = False

    vad_threshold: float = 0.5
    """Speech probability at which an utterance starts; it ends below `vad_threshold - 0.15` (hysteresis)."""
    min_speech_ms: int = 96
    """Shorter bursts of speech probability open no utterance."""
    min_silence_duration_ms: int = 500
    """Silence that closes an utterance."""
    prefix_padding_ms: int = 500
    """Audio kept from before the speech was noticed: first consonants are quiet."""
    max_utterance_s: float = 15.0
    """Then a forced cut at an agreed word boundary."""
    overlap_s: float = 0.5
    """Audio carried over a forced cut."""
    max_new_audio_s: float = 2.0
    """The most new audio that waits for the next decode; an idle engine is asked earlier."""
    min_new_audio_s: float = 0.2
    """Less new audio than this is not worth a partial."""
    prompt_chars: int = 0
    """Earlier text given to the engine as context: none by default, at most 200 (loops feed on it)."""
    early_final_ms: int = 0
    """Silence after which the final decode is asked for on trial, before the utterance has closed; 0: never.
    Pays with engines that decode a window whole: the final is there when the silence has lasted. Speech that
    resumes throws it away, so an engine that continues utterances, which would have to start over, loses."""

    commit_probability: float = 0.0
    """Words from the first on that are at least this probable, and well inside the window, are called stable
    after one hypothesis; 0: never, two must agree. Gains most where decodes are far apart. Off by default:
    how far an engine's probabilities can be trusted is to be measured with that engine."""
    max_backlog_s: float = 120.0
    """The most audio held for engines of which none has answered for a minute (64 kB a second); what is older
    is given up, with an error. It does not bound what an engine that answers has still to do."""

    def __post_init__(self) -> None:
        """Raises ValueError naming the first setting that is out of its range."""
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise ValueError(f"{name} must be between {least} and {most}, not {value!r}")
