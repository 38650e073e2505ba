"""Words as they are compared where one side says numbers in words and the other writes them.

Whisper's own normalizer (transformers) takes numbers, ordinals, sums and spellings together. On top of it:
zeros ahead stay, digits that stand apart are joined (0712 345, 8:45), and an address of mail is spelled out.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

_MAIL = re.compile(r"(\S+)@(\S+\w)")
_LEADING_ZERO = re.compile(r"(?<!\d)0\d+")
_CLOCK = re.compile(r"\b(?:a\.? ?m\b\.?|p\.? ?m\b\.?|o'? ?clock\b)")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s.,:-]+(?=\d)")
_FIGURES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_DOTS = re.compile(r"[._-]")
_ARTICLE = re.compile(r"^(?:the|a|an) ")
_SPELLINGS = {"centre": "center", "centres": "centers"}  # the only ones of the benchmark's names
_normalized: Callable[[str], str] = EnglishTextNormalizer(_SPELLINGS)  # type: ignore[no-untyped-call]


def as_compared(text: str) -> str:
    """`oh seven one two` as `0712`, `half past nine` as `half past 9`, `forty two dollars` as `$42`."""
    text = _MAIL.sub(_spelled, text.lower())
    text = _CLOCK.sub(" ", text)
    text = _LEADING_ZERO.sub(lambda zeros: " ".join(_FIGURES[int(figure)] for figure in zeros[0]), text)
    return _BETWEEN_DIGITS.sub("", _normalized(text)).strip()


def _spelled(address: re.Match[str]) -> str:
    return " at ".join(_DOTS.sub(" dot ", part) for part in address.groups())


def as_address(text: str) -> str:
    """An address of mail, said (`k dot lane at mail dot com`) or written."""
    said = _ARTICLE.sub("", text.lower())
    spaced = " ".join(_normalized(word) if word.isalpha() else word for word in said.split())
    return re.sub(r"\s", "", re.sub(r"\s+at\s+", "@", re.sub(r"\s*\bdot\b\s*|\.\s+", ".", spaced)))
