"""Settings of one streaming session, with the reason for each default."""

from __future__ import annotations

from dataclasses import dataclass


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
