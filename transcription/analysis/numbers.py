"""Numbers as recognisers write them: in words, in figures, digit by digit.

Everything works on folded words (`text.tokens`), so that the callers keep the offsets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


def word_set(words: str) -> frozenset[str]:
    """A set of words from one line of them."""
    return frozenset(words.split())


def _numbered(words: str, *, start: int, step: int = 1) -> dict[str, int]:
    return {word: start + step * index for index, word in enumerate(words.split())}


UNITS = _numbered(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen",
    start=0,
)
TENS = _numbered("twenty thirty forty fifty sixty seventy eighty ninety", start=20, step=10) | {"fourty": 40}
SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
ORDINALS = _numbered(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth",
    start=1,
) | {"thirtieth": 30}
# How digits are read out one by one; the second table only counts between digits, where a recogniser
# that heard a digit wrote the other word.
DIGITS = {word: str(value) for word, value in UNITS.items() if value < 10} | {
    "oh": "0", "o": "0", "nought": "0", "naught": "0", "nil": "0",
}  # fmt: skip
HOMOPHONES = {"to": "2", "too": "2", "for": "4", "fore": "4", "ate": "8", "won": "1", "owe": "0"}
REPEATS = {"double": 2, "triple": 3, "treble": 3}
HESITATIONS = word_set("uh um er erm ah eh hmm")


@dataclass(frozen=True, slots=True)
class Number:
    """A number over the words [start, end)."""

    value: int | float
    start: int
    end: int
    ordinal: bool = False


@dataclass(frozen=True, slots=True)
class DigitRun:
    """Digits read out over the words [start, end); `digits` may start with a plus."""

    digits: str
    start: int
    end: int


def _figures(word: str) -> Number | None:
    """`42`, `1,200`, `3.5`, `21st`."""
    plain = word.replace(",", "")
    if plain.isdecimal():
        return Number(int(plain), 0, 1)
    if plain[:-2].isdecimal() and plain[-2:] in {"st", "nd", "rd", "th"}:
        return Number(int(plain[:-2]), 0, 1, ordinal=True)
    whole, dot, part = plain.partition(".")
    if dot and whole.isdecimal() and part.isdecimal():
        return Number(float(plain), 0, 1)
    return None


def _below_hundred(words: Sequence[str], at: int) -> Number | None:
    """`seven`, `nineteen`, `forty`, `forty two`, `twenty first`."""
    word = words[at] if at < len(words) else ""
    if word in TENS:
        following = words[at + 1] if at + 1 < len(words) else ""
        if 1 <= UNITS.get(following, 0) <= 9:
            return Number(TENS[word] + UNITS[following], at, at + 2)
        if 1 <= ORDINALS.get(following, 0) <= 9:
            return Number(TENS[word] + ORDINALS[following], at, at + 2, ordinal=True)
        return Number(TENS[word], at, at + 1)
    if word in UNITS:
        return Number(UNITS[word], at, at + 1)
    if word in ORDINALS:
        return Number(ORDINALS[word], at, at + 1, ordinal=True)
    return None


def _group(words: Sequence[str], at: int) -> Number | None:
    """Up to 999: `three hundred and five`, `a hundred`."""
    first = _below_hundred(words, at)
    if first is None:
        if list(words[at : at + 2]) != ["a", "hundred"]:
            return None
        value, end = 1, at + 2
    else:
        if first.ordinal or list(words[first.end : first.end + 1]) != ["hundred"]:
            return first
        value, end = int(first.value), first.end + 1
    rest_at = end + 1 if list(words[end : end + 1]) == ["and"] else end
    rest = _below_hundred(words, rest_at)
    if rest is None:
        return Number(value * 100, at, end)
    return Number(value * 100 + rest.value, at, rest.end, rest.ordinal)


def parse_number(words: Sequence[str], at: int = 0) -> Number | None:
    """The number whose first word is `words[at]`, as long as it goes; None where none starts there.

    `twelve`, `a hundred and five`, `two thousand and nine`, `thirty eight point five`, `21st`, `1,200`.
    """
    words = list(words)
    if at >= len(words):
        return None
    figures = _figures(words[at])
    if figures is not None:
        scale = SCALES.get(words[at + 1]) if at + 1 < len(words) else None
        if scale and not figures.ordinal:
            return Number(figures.value * scale, at, at + 2)
        return Number(figures.value, at, at + 1, figures.ordinal)
    total: int | float = 0
    end, smallest = at, 10**12
    part = _group(words, at)
    if part is None and words[at] == "a" and words[at + 1 : at + 2] and words[at + 1] in SCALES:
        part = Number(1, at, at + 1)
    while part is not None:
        scale = SCALES.get(words[part.end]) if part.end < len(words) and not part.ordinal else None
        if scale is None:
            return _with_decimals(words, Number(total + part.value, at, part.end, part.ordinal))
        if scale >= smallest:
            break
        total, end, smallest = total + part.value * scale, part.end + 1, scale
        part = _group(words, end + 1 if words[end : end + 1] == ["and"] else end)
    return Number(total, at, end) if end > at else None


def _with_decimals(words: Sequence[str], whole: Number) -> Number:
    if whole.ordinal or list(words[whole.end : whole.end + 1]) != ["point"]:
        return whole
    end, decimals = whole.end + 1, ""
    while end < len(words) and words[end] in DIGITS:
        decimals += DIGITS[words[end]]
        end += 1
    return Number(float(f"{whole.value}.{decimals}"), whole.start, end) if decimals else whole


def parse_year(words: Sequence[str], at: int = 0) -> Number | None:
    """A year from 1800 to 2199: `nineteen ninety four`, `twenty oh six`, `two thousand and nine`, `1994`."""
    century = _below_hundred(words, at)
    if century is not None and not century.ordinal and 18 <= century.value <= 21:
        # `twenty one` may be the century or 20 and 1: years are read with a century of one word.
        century = Number(TENS.get(words[at], UNITS.get(words[at], 0)), at, at + 1)
        rest_at = at + 1
        if list(words[rest_at : rest_at + 1]) == ["hundred"]:
            rest_at += 1
        rest = _below_hundred(words, rest_at)
        if rest is not None and not rest.ordinal and rest.value >= 10:
            return Number(century.value * 100 + rest.value, at, rest.end)
        if list(words[rest_at : rest_at + 1]) in (["oh"], ["o"]) and rest_at + 1 < len(words):
            unit = DIGITS.get(words[rest_at + 1])
            if unit is not None:
                return Number(century.value * 100 + int(unit), at, rest_at + 2)
    number = parse_number(words, at)
    if number is None or number.ordinal or not isinstance(number.value, int):
        return None
    return number if 1800 <= number.value < 2200 and "," not in words[at] else None


def numbers_in(words: Sequence[str]) -> list[Number]:
    """Every number of the text, longest from the left, none inside another."""
    found: list[Number] = []
    at = 0
    while at < len(words):
        number = parse_number(words, at)
        if number is not None:
            found.append(number)
        at = number.end if number is not None else at + 1
    return found


def _digits_at(words: Sequence[str], at: int, *, inside: bool) -> tuple[str, int] | None:
    """The digits that `words[at]` starts, and where they end."""
    word = words[at]
    if word in REPEATS and at + 1 < len(words) and words[at + 1] in DIGITS:
        return DIGITS[words[at + 1]] * REPEATS[word], at + 2
    if word in DIGITS and (inside or word != "o"):
        return DIGITS[word], at + 1
    if word.isdecimal():
        return word, at + 1
    if inside and word == "hundred":
        return "00", at + 1
    small = _below_hundred(words, at)
    if small is not None and not small.ordinal:
        return str(small.value), small.end
    return None


def digit_runs(words: Sequence[str], *, at_least: int = 4) -> list[DigitRun]:
    """Stretches in which digits are read out: `plus four four double seven one hundred`, `0712 345 678`.

    Hesitations between digits are passed over; `to`, `for` and the like count as digits between digits.
    """
    runs: list[DigitRun] = []
    at = 0
    while at < len(words):
        start, digits = at, ""
        if words[at] == "plus" and at + 1 < len(words):
            digits, at = "+", at + 1
        end = at
        while at < len(words):
            step = _digits_at(words, at, inside=len(digits) > 0)
            if step is not None:
                digits, at = digits + step[0], step[1]
                end = at
            elif digits.strip("+") and words[at] in HESITATIONS:
                at += 1
            elif _heard_as_digit(words, at, digits):
                digits, at = digits + HOMOPHONES[words[at]], at + 1
                end = at
            else:
                break
        if len(digits.strip("+")) >= at_least:
            runs.append(DigitRun(digits, start, end))
        at = max(end, start + 1)
    return runs


def _heard_as_digit(words: Sequence[str], at: int, digits: str) -> bool:
    return (
        len(digits) >= 2
        and words[at] in HOMOPHONES
        and at + 1 < len(words)
        and _digits_at(words, at + 1, inside=True) is not None
    )
