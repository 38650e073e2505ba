"""AGE: how old somebody is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from transcription.analysis.entities.lexicon import COMMON_WORDS
from transcription.analysis.entities.line import Found, Line
from transcription.analysis.text import parse_number, word_set

_AGE_UNITS = word_set("year years yr yrs month months week weeks day days")
_AGE_SUBJECTS = re.compile(
    r"\b(?:i am|i'm|she is|she's|he is|he's|they are|they're|who is|who's|he was|she was"
    r"|you're|you are|we're|we are|i was|i'll be|i will be|she'll be|he'll be|gonna be|going to be"
    r"|(?:child|son|daughter|girl|boy|brother|sister|baby|patient|mum|mom|dad|mother|father|wife|husband) is"
    r"|(?:just |only |recently )?turn(?:ed|ing|s)?|aged?|age is|age of|(?:he|she|i)'s just gone|just gone)"
    r"(?: (?:now|just|about|only|nearly|almost|around|currently|still|all of|just gone))?$"
)
_OLDEST_YEARS = 120  # nobody on record was older than 122
# What is counted in its own right: `she is nine weeks pregnant`, `he is two hours away`.
_OTHER_UNITS = word_set("o'clock oclock am pm percent minutes minute hours hour days weeks months of times")
_SCALE = re.compile(r"\b(?:scale|out of|to ten|pain)\b")
_REPLY_WORDS = 12  # a bare number is the age in a reply no longer than this


def ages(line: Line) -> Iterator[Found]:
    words = line.words
    for index in range(len(words)):
        number = parse_number(words, index)
        if number is None or number.ordinal or not 0 < number.value <= _OLDEST_YEARS:
            continue
        if index and parse_number(words, index - 1) is not None:
            continue  # the end of a number that started before
        end = number.end
        if words[end : end + 3] == ["and", "a", "half"]:
            end += 3
        end = _age_end(words, end) or end
        if end > number.end and words[end - 1] in {"old", "age"}:
            yield line.found("AGE", index, end)
        elif _stands_alone(words, number.end) and _is_age(line, index):
            plain = words[number.end : number.end + 1] in (["years"], ["year"])
            yield line.found("AGE", index, number.end + plain)


def _is_age(line: Line, at: int) -> bool:
    """Whether a bare number is an age: `she is nine`, or the reply to `how old`."""
    if _AGE_SUBJECTS.search(" ".join(line.before(at, 5))):
        return True
    asked = "AGE" in line.asked or "age" in line.words[:at]  # `ah, the age, I have 67 years`
    return asked and len(line.words) <= _REPLY_WORDS and not _SCALE.search(" ".join(line.words))


def _age_end(words: list[str], at: int) -> int | None:
    if at < len(words) and words[at] in _AGE_UNITS:
        if words[at + 1 : at + 2] == ["old"]:
            return at + 2
        if words[at + 1 : at + 3] == ["of", "age"]:
            return at + 3
    return None


def _stands_alone(words: list[str], at: int) -> bool:
    """Whether no noun that is counted follows: `she is nine and`, not `she is nine miles away`."""
    following = words[at] if at < len(words) else ""
    if following in {"years", "year", "though", "love", "dear"}:
        return True
    return following == "" or (
        following in COMMON_WORDS and following not in _OTHER_UNITS and not following.isdecimal()
    )
