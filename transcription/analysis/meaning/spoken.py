"""Speech as it is compared: without what says nothing of its meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence

_FILLERS = re.compile(r"\b(?:u+h+|u+m+|e+r+m?|h+m+|mhm)\b[ ,]*", re.IGNORECASE)
_GREETING = re.compile(
    r"^(?:(?:hello|hi|hey|good (?:morning|afternoon|evening|day)|yes|yeah|oh|so|well|okay|right"
    r"|thank you|thanks)\b[ ,.!]*)+",
    re.IGNORECASE,
)
WINDOW_WORDS = 14
"""About a clause. A vector of many sentences is of none of them."""


def telling(text: str) -> str:
    """Without fillers and the greeting ahead; a text of nothing else stays."""
    bare = _FILLERS.sub("", text).strip()
    return _GREETING.sub("", bare).strip() or bare or text


def windows(words: Sequence[str], length: int = WINDOW_WORDS) -> list[str]:
    """A short text whole, a long one in pieces that overlap by half."""
    if len(words) <= length + length // 4:
        return [" ".join(words)]
    step = length // 2
    return [" ".join(words[start : start + length]) for start in range(0, len(words) - step, step)]
