"""TIME: times of the day, in words and in figures."""

from __future__ import annotations

import re
from collections.abc import Iterator

from transcription.analysis.entities.lexicon import COMMON_WORDS, WEEKDAYS
from transcription.analysis.entities.line import Found, Line
from transcription.analysis.text import STOPWORDS, Number, parse_number, word_set

_CLOCK = re.compile(
    r"\b([01]?\d|2[0-3])[:.h]([0-5]\d)(?:\s*([ap])(?:m\b|\.\s?m\.))?|\b(1[0-2]|0?[1-9])\s*[ap](?:m\b|\.m\.)",
    re.IGNORECASE,
)
_BEFORE_A_HALF = word_set("and a an another other one")
_COUNTED = word_set(
    "second seconds minute minutes hour hours day days week weeks month months year years time times "
    "people percent dollar dollars pound pounds euro euros tablet tablets pill pills mile miles one ones "
    "blocks kids children person old more other others different of school weekends stone"
)
_MERIDIEM = {("am",), ("pm",), ("a", "m"), ("p", "m")}
_TIME_CUES = word_set("at around about by until till before after from past to between")
_DAY_PARTS = word_set("morning afternoon evening night")
_OPEN_CUE = re.compile(
    r"\b(?:(?:open|opens|close|closes|closed|shut|shuts|start|starts|finish|finishes|begins|until|till|til)"
    r"(?: (?:at|from|until|till|by|before|after|up))*|(?:by|before|after|from|at|around|about|for))$"
)
# After `at`, `by` and the like a bare hour is meant where nothing that is counted follows.
_CALLED = word_set("around about for from")
_NO_HOUR = word_set("with of out or to over")
_MEASURED = re.compile(
    r"\b(?:pressure|pulse|rate|temperature|weight|oxygen|sugar|scale|pain|score|level|paid|pay|cost"
    r"|costs|charged?|billed|price|owe)\b"
)


def times(line: Line) -> Iterator[Found]:
    for match in _CLOCK.finditer(line.text):
        if match.group(3) or match.group(4) or ":" in match.group():
            yield Found("TIME", match.start(), match.end())
    words = line.words
    for index in range(len(words)):
        end = _spoken_time(words, index) or _bare(line, index)
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


def _bare(line: Line, at: int) -> int | None:
    """`half nine`, `we close at six`, `until four`, `put down two thirty`, `monday two thirty`."""
    words = line.words
    half = words[at] == "half"
    hour = _hour(words, at + half)
    if hour is None or _MEASURED.search(" ".join(line.before(at, 5))):
        return None
    if at and (parse_number(words, at - 1) is not None or (half and words[at - 1] in _BEFORE_A_HALF)):
        return None
    minutes = None if half else parse_number(words, hour)
    if minutes is not None:
        on_the_clock = not minutes.ordinal and minutes.value in range(10, 60, 5)
        return minutes.end if on_the_clock and _ends_time(words, minutes.end) else None
    if not _ends_time(words, hour):
        return None
    return _with_meridiem(words, hour) if half else _lone_hour(line, at, hour)


def _lone_hour(line: Line, at: int, end: int) -> int | None:
    """`we close at six`, and the reply to `what time`."""
    words = line.words
    if set(words[end : end + 1]) & _NO_HOUR or (words[at] == "one" and end < len(words)):
        return None  # `six out of ten`, `until one is found`
    asked = "TIME" in line.asked and all(word in STOPWORDS for word in words[:at])
    cue = _OPEN_CUE.search(" ".join(line.before(at, 5)))
    return end if asked or (cue and cue.group() not in _CALLED) else None


def _ends_time(words: list[str], at: int) -> bool:
    """Whether nothing that the number could count or go on with follows."""
    if at >= len(words):
        return True
    counted = parse_number(words, at) is not None or words[at] in _COUNTED | {
        "over",
        "oh",
        "o",
        "point",
        "hundred",
    }
    return words[at] in COMMON_WORDS | STOPWORDS and not counted


def _minutes_and_hour(words: list[str], at: int) -> int | None:
    """`ten past five`, `three minutes to nine`; `ten to nine` only after a word for a time."""
    minutes = parse_number(words, at)
    if minutes is None or minutes.ordinal or minutes.value not in range(1, 60):
        return None
    said = words[minutes.end : minutes.end + 1] in (["minutes"], ["minute"])
    link = minutes.end + said
    links = (["past"], ["to"], ["after"], ["before"], ["till"])
    if words[link : link + 1] not in links or not (said or minutes.value % 5 == 0):
        return None
    hour = _hour(words, link + 1)
    cued = at > 0 and words[at - 1] in (_TIME_CUES | WEEKDAYS) - {"from", "between", "to", "past"}
    # A range goes up; `ten to four` goes down.
    cued |= minutes.value > (_hour_value(words, link + 1) or minutes.value) and _ends_time(words, link + 2)
    cued &= at == 0 or words[at - 1] not in {"from", "between"}
    if hour is None or (words[link] == "to" and not said and not cued):
        return None
    return _with_meridiem(words, hour)


def _hour_value(words: list[str], at: int) -> float | None:
    number: Number | None = parse_number(words, at)
    return number.value if number is not None and _hour(words, at) else None


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
