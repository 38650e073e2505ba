"""DATE: days, months and years, in words and in figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from transcription.analysis.entities.holidays import holiday
from transcription.analysis.entities.lexicon import MONTHS, WEEKDAYS
from transcription.analysis.entities.line import Found, Line
from transcription.analysis.text import STOPWORDS, parse_number, parse_year, word_set

# Months that are other words too stand alone only after one of these.
_SOFT_MONTHS = word_set("march may mar jan jun sun sep dec apr august june april")
_MONTH_CUES = word_set("in since last next this by until till of from during early late mid before after")
_PERIODS = word_set("week month year weekend fortnight spring summer autumn winter")
_SPANS = word_set("day days week weeks month months year years fortnight fortnights")
_NUMERIC_DATE = re.compile(
    r"\b(?:(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2}))\b"
)
_DAY_CUES = word_set("on by until till since from for before after")
_WEEKS_ON = word_set("week fortnight")
_YEAR_CUES = word_set("in since year until from of")
_COUNTED = word_set("day days week weeks month months year years hundred dollars pounds people percent")


def dates(line: Line) -> Iterator[Found]:
    for match in _NUMERIC_DATE.finditer(line.text):
        if _is_date(match):
            yield Found("DATE", match.start(), match.end())
    words = line.words
    for index, word in enumerate(words):
        end = (
            _week_on(words, index)
            or _weekday_date(line, index)
            or _calendar_date(line, index)
            or holiday(words, index)
            or _relative_date(words, index)
            or _cued_year(words, index)
            or _day_of_month(line, index)
        )
        if end:
            yield line.found("DATE", index, end)
        elif word in WEEKDAYS or (word.removesuffix("s") in WEEKDAYS):
            yield line.found("DATE", index, index + 1)


def _is_date(match: re.Match[str]) -> bool:
    """Whether the figures are a day of the calendar, read either way round."""
    groups = [int(group) for group in match.groups() if group is not None]
    year, first, second = (
        (groups[0], groups[1], groups[2]) if match.group(1) else (groups[2], groups[1], groups[0])
    )
    for month, day in ((first, second), (second, first)):
        try:
            date(year if year >= 100 else 2000 + year, month, day)
        except ValueError:
            continue
        return True
    return False


def _week_on(words: list[str], at: int) -> int | None:
    """`a week on friday`, `a week tomorrow`, `the week after next`, `the week before last`."""
    start = at + (words[at] == "the")
    if words[start : start + 3] in (["week", "after", "next"], ["week", "before", "last"]):
        return start + 3
    if words[at] not in {"a", "one"} or not set(words[at + 1 : at + 2]) & _WEEKS_ON:
        return None
    on = at + 3 if words[at + 2 : at + 3] in (["on"], ["from"]) else at + 2
    return on + 1 if set(words[on : on + 1]) & (WEEKDAYS | {"today", "tomorrow"}) else None


def _weekday_date(line: Line, at: int) -> int | None:
    """`tuesday the ninth [of october]`, `friday week`, `this coming friday`, `monday after next`."""
    words = line.words
    start = at + (words[at] in {"this", "next", "last"})
    start += words[start : start + 1] == ["coming"]
    if not set(words[start : start + 1]) & WEEKDAYS:
        return None
    after = start + 1
    if set(words[after : after + 1]) & _WEEKS_ON:
        return after + 1
    if words[after : after + 2] == ["after", "next"]:
        return after + 2
    end = after if start > at else None
    if after < len(words) and not line.gap(start).strip():
        day = parse_number(words, after + 1) if words[after] == "the" else None
        of_month = day.end if day is not None and day.ordinal and 1 <= day.value <= 31 else None
        end = _calendar_date(line, after) or of_month or end
    return end


def _calendar_date(line: Line, at: int) -> int | None:
    """`the third of march [twenty nineteen]`, `march [the] third`, `3 march`, `march 2019`, `march`."""
    words = line.words
    if words[at] in MONTHS:
        return _month_first(line, at)
    start = at + 1 if words[at] == "the" else at
    day = parse_number(words, start)
    if day is None or not 1 <= day.value <= 31 or (words[at] == "the" and not day.ordinal):
        return None
    month_at = day.end
    if words[month_at : month_at + 1] == ["day"]:
        month_at += 1
    if words[month_at : month_at + 1] == ["of"]:
        month_at += 1
    if month_at >= len(words) or words[month_at] not in MONTHS:
        return None
    end = _with_year(words, month_at + 1)
    named = line.capital(month_at) or end > month_at + 1
    if words[month_at] == "may" and month_at == day.end and not (day.ordinal or named):
        return None  # `two may be enough`
    return end


def _month_first(line: Line, at: int) -> int | None:
    words = line.words
    start = at + 2 if words[at + 1 : at + 2] == ["the"] else at + 1
    day = parse_number(words, start)
    year = parse_year(words, at + 1)
    soft = words[at] in _SOFT_MONTHS and not (line.capital(at) and not line.starts_sentence(at))
    cued = bool(_MONTH_CUES & set(line.before(at, 1))) and words[max(0, at - 1) : at + 1] != ["this", "may"]
    if year is not None and (year.value > 31) and (not soft or cued or words[at] != "may"):
        return year.end
    if day is not None and 1 <= day.value <= 31 and isinstance(day.value, int):
        if day.ordinal or (start == at + 1 and (not soft or cued or words[at] != "may")):
            return _with_year(words, day.end)
        return None
    return at + 1 if cued or not soft else None


def _with_year(words: list[str], at: int) -> int:
    start = at + 1 if words[at : at + 1] == ["in"] else at
    year = parse_year(words, start)
    return year.end if year is not None else at


def _relative_date(words: list[str], at: int) -> int | None:
    """`tomorrow`, `the day after tomorrow`, `last week`, `two days ago`, `a week from now`."""
    start = at + 1 if words[at] == "the" else at
    if words[start : start + 3] in (["day", "after", "tomorrow"], ["day", "before", "yesterday"]):
        return start + 3
    if words[at] in {"today", "tomorrow", "yesterday"}:
        return at + 1
    following = words[at + 1 : at + 2]
    if words[at] in {"last", "next", "this"} and following:
        named = following[0] in _PERIODS | WEEKDAYS | MONTHS
        return at + 2 if named and words[at : at + 2] != ["this", "may"] else None
    return _counted_back_or_on(words, at)


def _counted_back_or_on(words: list[str], at: int) -> int | None:
    number = parse_number(words, at)
    if number is not None:
        end = number.end
    elif words[at : at + 3] == ["a", "couple", "of"]:
        end = at + 3
    elif words[at : at + 2] in (["a", "few"], ["a", "couple"]):
        end = at + 2
    else:
        end = at + 1 if words[at] in {"a", "an", "few", "several"} else len(words)
    if end >= len(words) or words[end] not in _SPANS:
        return None
    if words[end + 1 : end + 2] in (["ago"], ["back"]):
        return end + 2
    return end + 3 if words[end + 1 : end + 3] in (["from", "now"], ["from", "today"]) else None


def _cued_year(words: list[str], at: int) -> int | None:
    if at == 0 or words[at - 1] not in _YEAR_CUES:
        return None
    year = parse_year(words, at)
    if year is None or (year.end < len(words) and words[year.end] in _COUNTED):
        return None
    return year.end if year.end - at > 1 or words[at].isdecimal() else None


def _day_of_month(line: Line, at: int) -> int | None:
    """`on the fourteenth`, where no noun follows (`on the first floor`)."""
    words = line.words
    if words[at] != "the" or at == 0 or words[at - 1] not in _DAY_CUES:
        return None
    day = parse_number(words, at + 1)
    if day is None or not day.ordinal or not 1 <= day.value <= 31:
        return None
    after = words[day.end : day.end + 1]
    return day.end if not after or after[0] in STOPWORDS else None
