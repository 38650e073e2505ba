"""The seventeen sub-metrics (contract: audio processing): stable ids, in groups, with what people read."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "opening": ("uses_opening_phrase",),
        "listening": (
            "does_not_interrupt",
            "shows_empathy",
            "paraphrases_issue",
            "says_please_and_thank_you",
            "does_not_hesitate",
        ),
        "proactiveness": ("offers_further_help", "confirms_satisfaction", "follows_up_earlier_cases"),
        "resolution": (
            "gives_accurate_information",
            "uses_correct_language",
            "consults_when_unsure",
            "follows_correct_steps",
            "explains_solution_clearly",
        ),
        "hold": ("explains_before_hold", "thanks_for_holding"),
        "closing": ("uses_closing_phrase",),
    }
)
LABELS: Mapping[str, str] = MappingProxyType(
    {
        "uses_opening_phrase": "Uses the opening phrase",
        "does_not_interrupt": "Does not interrupt the caller",
        "shows_empathy": "Empathises",
        "paraphrases_issue": "Paraphrases the issue",
        "says_please_and_thank_you": "Says please and thank you",
        "does_not_hesitate": "Does not hesitate",
        "offers_further_help": "Offers help with further issues",
        "confirms_satisfaction": "Confirms satisfaction with the action points",
        "follows_up_earlier_cases": "Follows up on earlier cases",
        "gives_accurate_information": "Gives accurate information",
        "uses_correct_language": "Uses correct language",
        "consults_when_unsure": "Consults when unsure",
        "follows_correct_steps": "Follows the correct steps",
        "explains_solution_clearly": "Explains the solution clearly",
        "explains_before_hold": "Explains before putting on hold",
        "thanks_for_holding": "Thanks for holding",
        "uses_closing_phrase": "Uses the closing phrase",
    }
)
