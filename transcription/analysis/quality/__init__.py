"""The quality of a call: seventeen sub-metrics, each with the words that it rests on (docs/quality.md)."""

from transcription.analysis.quality.metrics import GROUPS, LABELS

__all__ = ["GROUPS", "LABELS"]
