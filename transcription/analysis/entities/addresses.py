"""LOCATION: streets, with the number of the house where it is said."""

from __future__ import annotations

from collections.abc import Iterator

from transcription.analysis.entities.lexicon import COMMON_WORDS
from transcription.analysis.entities.line import Found, Line
from transcription.analysis.text import STOPWORDS, parse_number, word_set

ROADS = word_set(
    "street road avenue lane drive close crescent square boulevard highway estate terrace gardens way "
    "court place grove parade circle circuit mews row hill rise walk view parkway turnpike esplanade quay"
)
# These are as often said of no street: they need a number.
_SOFT_ROADS = word_set("close drive way court place hill rise walk view row square circle gardens estate")
_ON = word_set("on at in along off")
_LONGEST_NUMBER_WORDS, _LONGEST_NAME_WORDS = 6, 3
_NO_STREETS = word_set("main same whole other back next wrong right")


def road(line: Line, at: int) -> int | None:
    """`fourteen mill road`, `nine oh six park avenue`, `12 High Street`, `on baker street`."""
    words = line.words
    start = house_number_end(words, at)
    if at and start > at and house_number_end(words, at - 1) > at:
        return None  # the middle of a number
    if start == at and not (line.capital(at) or set(line.before(at, 1)) & _ON):
        return None
    for end in range(start + 1, min(start + _LONGEST_NAME_WORDS + 1, len(words))):
        if words[end] in STOPWORDS or line.gap(end - 1).strip():
            return None
        if words[end] in ROADS and words[end + 1 : end + 2] != ["clinic"]:
            if words[end] in _SOFT_ROADS and {*words[end + 1 : end + 2]} & ROADS:
                continue  # `signal hill road`
            named = words[start:end]
            unnamed = STOPWORDS | _NO_STREETS if start == at else STOPWORDS
            if unnamed & set(named):  # `until half past five we close`
                return None
            proper = any(word not in COMMON_WORDS for word in named)
            soft = words[end] in _SOFT_ROADS
            if start > at:  # `eleven church close`, but not `one run no row`
                proper |= not soft or len(named) == 1
            else:
                proper &= not soft
            return end + 1 if proper else None
    return None


def roads(line: Line) -> Iterator[Found]:
    at = 0
    while at < len(line.words):
        end = road(line, at)
        if end:
            yield line.found("LOCATION", at, end)
        at = end or at + 1


def house_number_end(words: list[str], at: int) -> int:
    """Where the house number that starts at `at` ends (`four eighteen`, `nine oh six`); `at` without one."""
    end = at
    while end < len(words) and end - at < _LONGEST_NUMBER_WORDS:
        number = parse_number(words, end)
        if number is not None and not number.ordinal:
            end = number.end
        elif end > at and words[end] in {"oh", "o"}:
            end += 1
        else:
            break
    return end
