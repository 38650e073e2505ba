"""TIME: times of the day, in words and in figures."""

from __future__ import annotations

import re
from collections.abc import Iterator

from transcription.analysis.entities.line import Found, Line
from transcription.analysis.text import parse_number, word_set

_CLOCK = re.compile(
    r"\b([01]?\d|2[0-3])[:.h]([0-5]\d)(?:\s*([ap])(?:m\b|\.\s?m\.))?|\b(1[0-2]|0?[1-9])\s*[ap](?:m\b|\.m\.)",
    re.IGNORECASE,
)
_MERIDIEM = {("am",), ("pm",), ("a", "m"), ("p", "m")}
_TIME_CUES = word_set("at around about by until till before after from past to between")
_DAY_PARTS = word_set("morning afternoon evening night")


def times(line: Line) -> Iterator[Found]:
    for match in _CLOCK.finditer(line.text):
        if match.group(3) or match.group(4) or ":" in match.group():
            yield Found("TIME", match.start(), match.end())
    words = line.words
    for index in range(len(words)):
        end = _spoken_time(words, index)
        if end:
            yield line.found("TIME", index, end)


def _spoken_time(words: list[str], at: int) -> int | None:
    word, following = words[at], words[at + 1 : at + 2]
    if word in {"noon", "midnight", "midday", "tonight"}:
        return at + 1
    if (word == "this" and following and following[0] in _DAY_PARTS - {"night"}) or (
        word == "last" and following == ["night"]
    ):
        return at + 2
    if word in {"half", "quarter"} or words[at : at + 2] == ["a", "quarter"]:
        link_at = at + 2 if word == "a" else at + 1
        links = {"past"} if word == "half" else {"past", "to", "after", "before", "till", "of"}
        hour = _hour(words, link_at + 1) if set(words[link_at : link_at + 1]) & links else None
        return _with_meridiem(words, hour) if hour else None
    return _minutes_and_hour(words, at) or _clock_reading(words, at)


def _minutes_and_hour(words: list[str], at: int) -> int | None:
    """`ten past five`, `three minutes to nine`; `ten to nine` only after a word for a time."""
    minutes = parse_number(words, at)
    if minutes is None or minutes.ordinal or minutes.value not in range(1, 60):
        return None
    said = words[minutes.end : minutes.end + 1] in (["minutes"], ["minute"])
    link = minutes.end + said
    if words[link : link + 1] not in (["past"], ["to"]) or not (said or minutes.value % 5 == 0):
        return None
    hour = _hour(words, link + 1)
    cued = at > 0 and words[at - 1] in _TIME_CUES - {"from", "between", "to", "past"}
    if hour is None or (words[link] == "to" and not said and not cued):
        return None
    return _with_meridiem(words, hour)


def _hour(words: list[str], at: int) -> int | None:
    number = parse_number(words, at)
    if number is None or number.ordinal or not 1 <= number.value <= 12 or number.end != at + 1:
        return None
    return number.end


def _clock_reading(words: list[str], at: int) -> int | None:
    """`nine o'clock`, `nine thirty`, `three fifteen p m`, `nine in the morning`."""
    hour = _hour(words, at)
    if hour is None or (at > 1 and parse_number(words, at - 1) is not None):
        return None  # a number before it: digits are being read out
    if words[hour : hour + 1] in (["o'clock"], ["oclock"]):
        return _with_meridiem(words, hour + 1)
    if words[hour : hour + 2] == ["o", "clock"]:
        return _with_meridiem(words, hour + 2)
    with_minutes = _minutes_after_hour(words, hour, cued=at > 0 and words[at - 1] in _TIME_CUES)
    if with_minutes:
        return with_minutes
    end = _with_meridiem(words, hour)
    return end if end > hour else None


def _minutes_after_hour(words: list[str], at: int, *, cued: bool) -> int | None:
    zero = words[at : at + 1] in (["oh"], ["o"])
    minutes = parse_number(words, at + zero)
    if minutes is None or minutes.ordinal or not isinstance(minutes.value, int) or minutes.end - at > 2:
        return None
    if not (minutes.value < 10 if zero else 10 <= minutes.value < 60):
        return None
    end = _with_meridiem(words, minutes.end)
    last = minutes.end == len(words) or parse_number(words, minutes.end) is None
    return end if end > minutes.end or (cued and last and minutes.value % 5 == 0) else None


def _with_meridiem(words: list[str], at: int) -> int:
    for length in (1, 2):
        if tuple(words[at : at + length]) in _MERIDIEM:
            return at + length
    if words[at : at + 2] == ["in", "the"] and words[at + 2 : at + 3] and words[at + 2] in _DAY_PARTS:
        return at + 3
    if words[at : at + 2] == ["at", "night"]:
        return at + 2
    return at
