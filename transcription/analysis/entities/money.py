"""MONEY: amounts with their currency."""

from __future__ import annotations

import re
from collections.abc import Iterator

from transcription.analysis.entities.lexicon import COMMON_WORDS
from transcription.analysis.entities.line import Found, Line
from transcription.analysis.text import parse_number, word_set

_CURRENCIES = word_set(
    "dollar dollars buck bucks euro euros pound pounds quid pence cent cents shilling shillings rupee rupees "
    "naira rand franc francs yen yuan peso pesos krona kronor kroner zloty dirham dirhams riyal riyals "
    "usd eur gbp kes ksh tzs ugx ngn zar inr jpy chf cad aud"
)
_SMALL = word_set("pence cent cents p penny pennies")
_WRITTEN = re.compile(
    r"(?:[$€£¥₹]|\b(?:USD|EUR|GBP|KES|KSh|Ksh|CHF|Rs)\.?)\s?\d+(?:[.,]\d+)*(?:\s?(?:k|m|million|thousand|billion)\b)?"
)
_COUNTED = word_set(
    "people days weeks months years minutes hours times percent one ones patients tablets more"
)
# `pounds` weigh too.
_WEIGHING = re.compile(r"\b(?:weigh\w*|lost|gained|weight|lifting|lift|heavy)\b")


def money(line: Line) -> Iterator[Found]:
    for match in _WRITTEN.finditer(line.text):
        yield Found("MONEY", match.start(), match.end())
    words = line.words
    for index in range(len(words)):
        number = parse_number(words, index)
        if number is None or number.ordinal:
            if words[index : index + 1] in (["a"], ["few"], ["several"]) and words[index + 1 : index + 2] in (
                ["dollar"],
                ["pound"],
                ["euro"],
            ):
                yield line.found("MONEY", index, index + 2)
            continue
        currency_at = number.end
        if currency_at >= len(words) or words[currency_at] not in _CURRENCIES:
            continue
        if words[currency_at] in {"pound", "pounds"} and _WEIGHING.search(" ".join(line.before(index, 6))):
            continue
        yield line.found("MONEY", index, _with_small(words, currency_at + 1))


def _with_small(words: list[str], at: int) -> int:
    """`dollars and fifty cents`, `pounds fifty`."""
    start = at + 1 if words[at : at + 1] == ["and"] else at
    small = parse_number(words, start)
    if small is None or small.ordinal or not 0 < small.value < 100:
        return at
    if small.end < len(words) and words[small.end] in _SMALL:
        return small.end + 1
    last = small.end == len(words) or (words[small.end] in COMMON_WORDS and words[small.end] not in _COUNTED)
    return small.end if start == at and last and small.value >= 10 else at
