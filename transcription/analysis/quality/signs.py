"""What the rules look for: phrases (cues.toml), and what is meant in other words.

From which score words mean something was chosen on made conversations of five authors (bench/pipeline, the
tuned half, and four like it), of whom no example is: what is best for four was about best for the fifth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from transcription.semantic.cues import cues_of

CUES = cues_of("cues", "transcription.analysis.quality")


@dataclass(frozen=True, slots=True)
class Sign:
    """Words that score `at_least` for its acts together (`Meanings.likest`) show it, as its phrases do."""

    acts: tuple[str, ...]
    at_least: float


SIGNS: Mapping[str, Sign] = MappingProxyType(
    {
        "opening": Sign(("opening",), -0.4),
        "empathy": Sign(("empathy",), -0.4),
        "further_help": Sign(("further_help",), -0.25),
        "satisfaction": Sign(("satisfaction",), -0.4),
        "self_correction": Sign(("self_correction",), -0.2),
        "rude": Sign(("rude",), -0.1),
        "unsure": Sign(("does_not_know",), -0.2),
        "consults": Sign(("consults",), -0.4),
        "action": Sign(("gives_steps", "arranges", "done", "explains", "consults"), -0.15),
        "reason": Sign(("explains",), -0.4),
        "hold": Sign(("asks_to_hold", "explains_hold"), 0.2),
        "back": Sign(("back_from_hold",), -0.4),
        "asks": Sign(("asks",), -0.2),
        "hold_thanks": Sign(("thanks_for_holding",), -0.1),
        "closing": Sign(("closing",), -0.3),
        "told_off": Sign(("told_off",), 0.3),
        "distress": Sign(("distress",), 0.4),
        "earlier_contact": Sign(("called_before",), 0.2),
        "understood": Sign(("understands",), 0.4),
        "confused": Sign(("does_not_understand",), -0.25),
    }
)
