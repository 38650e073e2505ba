"""PHONE_NUMBER and EMAIL, written and read out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import phonenumbers

from transcription.analysis.entities.lexicon import COMMON_WORDS
from transcription.analysis.entities.line import Found, Line
from transcription.analysis.numbers import DIGITS
from transcription.analysis.text import STOPWORDS, DigitRun, digit_runs, word_set

# ITU-T E.164: at most 15 digits; the shortest subscriber numbers read out with an area have 7.
_FEWEST_DIGITS, _MOST_DIGITS = 7, 15
_LONGEST_PART = 8  # a part of a number that is read on after a pause; more digits are a number
_PHONE_CUE = re.compile(r"\b(?:phone|telephone|mobile|cell|call|ring|dial|reach|text|whatsapp|number)\b")
_SHORT_CUE = re.compile(r"\b(?:call|dial|ring|phone)(?: (?:us|me|on|at|the|number|back|them))*$")
_OTHER_CUE = re.compile(
    r"\b(?:reference|case|account|card|order|ticket|policy|passport|member|membership|room|ward|id|insurance)"
    r"(?: number)?(?: (?:is|number|was|it's))*$"
)
_BETWEEN_DIGITS = re.compile(r"[\s().,/+\-–]*")

_WRITTEN_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b", re.IGNORECASE)
# What a recogniser makes of an address whose `at` it took for a part of a word: `joan.parkatmail.com`.
_RUN_TOGETHER = re.compile(r"\b(?:[\w-]+\.)+(?:com|org|net|edu|co\.uk|ie|ca)\b", re.IGNORECASE)
_SEPARATORS = word_set("dot underscore dash hyphen plus")
_TLDS = word_set(
    "com org net edu gov io info biz me app dev health care co uk ke us ie ng za ug tz in au nz ca de fr eu"
)
_EMAIL_CUES = word_set(
    "is it's its email e-mail mail address at to put use try write yeah yes no so that's and still just "
    "probably maybe actually well then"
)
_LONGEST_LOCAL_WORDS = 8
NO_ENTITY = ""
"""The label of what keeps other rules off a stretch."""
_AT_WORDS = word_set("at and")  # a recogniser often hears `and` before a domain


class Phones:
    """Finds phone numbers. `regions`: whose national numbers are valid (ISO 3166 codes)."""

    def __init__(self, regions: Sequence[str]) -> None:
        self._regions = tuple(regions)

    def find(self, lines: Sequence[Line]) -> list[list[Found]]:
        """By line; a number that goes on in the same speaker's next segment is found in both."""
        found: list[list[Found]] = [[] for _ in lines]
        for index, line in enumerate(lines):
            runs = _runs(line, at_least=3)
            for run in runs:
                if self._is_phone(line, run):
                    found[index].append(_phone(line, run))
            if runs and runs[-1].end == len(line.words):
                self._continue(lines, index, runs[-1], found)
        return found

    def _continue(self, lines: Sequence[Line], index: int, run: DigitRun, found: list[list[Found]]) -> None:
        line = lines[index]
        for other in range(index + 1, min(index + 3, len(lines))):
            if lines[other].segment.speaker_id != line.segment.speaker_id:
                continue
            following = _runs(lines[other], at_least=2)
            if not following or following[0].start != 0:
                return
            whole = run.digits + following[0].digits
            complete = len(run.digits) > _LONGEST_PART and "PHONE_NUMBER" not in lines[other].asked
            if complete or "AGE" in lines[other].asked or not self._plausible(whole, cued=_cued(line, run)):
                return
            for place, part in ((index, run), (other, following[0])):
                piece = _phone(lines[place], part)
                if piece not in found[place]:
                    found[place].append(piece)
            return

    def _is_phone(self, line: Line, run: DigitRun) -> bool:
        before = " ".join(line.words[max(0, run.start - 6) : run.start])
        asked_for_other = "REFERENCE" in line.asked and "PHONE_NUMBER" not in line.asked
        if _OTHER_CUE.search(before) or (asked_for_other and not _PHONE_CUE.search(before)):
            return False
        if len(run.digits) < _FEWEST_DIGITS:
            return bool(_SHORT_CUE.search(before)) and run.end - run.start > 1
        return self._plausible(run.digits, cued=_cued(line, run))

    def _plausible(self, digits: str, *, cued: bool) -> bool:
        if not _FEWEST_DIGITS <= len(digits.strip("+")) <= _MOST_DIGITS:
            return False
        return cued or any(_valid(digits, region) for region in self._regions)


def _valid(digits: str, region: str) -> bool:
    try:
        number = phonenumbers.parse(digits, None if digits.startswith("+") else region)
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_valid_number(number))


def _cued(line: Line, run: DigitRun) -> bool:
    if "PHONE_NUMBER" in line.asked:
        return True
    return bool(_PHONE_CUE.search(" ".join(line.words[max(0, run.start - 8) : run.start])))


def _runs(line: Line, *, at_least: int) -> list[DigitRun]:
    """Digit runs that no other punctuation interrupts."""
    runs = []
    start = 0
    for index in range(len(line.words)):
        gap = line.gap(index)
        if not _BETWEEN_DIGITS.fullmatch(gap) or ". " in gap or index == len(line.words) - 1:
            runs += [
                DigitRun(run.digits, run.start + start, run.end + start)
                for run in digit_runs(line.words[start : index + 1], at_least=at_least)
            ]
            start = index + 1
    return [_with_plus(line, run) for run in runs]


def _with_plus(line: Line, run: DigitRun) -> DigitRun:
    return DigitRun("+" + run.digits, run.start, run.end) if _written_plus(line, run) else run


def _written_plus(line: Line, run: DigitRun) -> bool:
    start = line.tokens[run.start].start
    return start > 0 and line.text[start - 1] == "+"


def _phone(line: Line, run: DigitRun) -> Found:
    found = line.found("PHONE_NUMBER", run.start, run.end)
    inside = line.text[found.start : found.end]
    opened = ")" in inside and "(" not in inside and line.text[: found.start].endswith("(")
    return Found(found.label, found.start - (_written_plus(line, run) or opened), found.end)


def emails(line: Line) -> Iterator[Found]:
    for match in _WRITTEN_EMAIL.finditer(line.text):
        yield Found("EMAIL", match.start(), match.end())
    if "EMAIL" in line.asked and "at" not in line.words and "@" not in line.text:
        for match in _RUN_TOGETHER.finditer(line.text):
            yield Found("EMAIL", match.start(), match.end())
    words = line.words
    for at, word in enumerate(words):
        if word not in _AT_WORDS or at == 0:
            continue
        end = _domain_end(line, at + 1)
        start = _local_start(words, at, told=_told(line, at)) if end else None
        said = word == "at" or (start is not None and {"email", "mail"} & set(line.before(start, 3)))
        if end and start is not None and said:
            yield line.found("EMAIL", start, end)


def _domain_end(line: Line, at: int) -> int | None:
    """`example dot com`, `example.com`, `hot mail dot co dot uk`: at most two words before the first dot."""
    words = line.words
    for first in (at + 1, at + 2):
        end = first
        while end < len(words):
            if words[end] == "dot" and end + 1 < len(words):
                end += 2
            elif line.gap(end - 1) == ".":
                end += 1
            else:
                break
        if end > first and words[end - 1] in _TLDS:
            return end
    return None


def spelled(line: Line) -> Iterator[Found]:
    """What is left of a misheard address: its names are nobody's (`kevin dot hill et mail`)."""
    words = line.words
    if not (_told(line, len(words)) or {"at", "com"} & set(words)):
        return
    for at, word in enumerate(words):
        if word in {"dot", "underscore"} and 0 < at < len(words) - 1:
            yield line.found(NO_ENTITY, at - 1, at + 2)
            if at + 3 < len(words) and words[at + 2] == "at":
                yield line.found(NO_ENTITY, at + 2, at + 4)


def _told(line: Line, at: int) -> bool:
    """Whether an address was asked for or announced: then plain words belong to it too (`blue heron at`)."""
    return "EMAIL" in line.asked or bool({"email", "e-mail", "mail", "address"} & set(line.before(at, 12)))


def _local_start(words: list[str], at: int, *, told: bool) -> int | None:
    """Where the part before `at` starts: as far left as separators, letters, digits and names lead."""
    start = at - 1
    outside = (STOPWORDS if told else COMMON_WORDS) | _EMAIL_CUES
    if words[start] in STOPWORDS and len(words[start]) > 1:
        return None
    while start > 0 and at - start < _LONGEST_LOCAL_WORDS:
        before = words[start - 1]
        joins = bool({before, words[start]} & _SEPARATORS)
        adverb = before.endswith("ly") and len(before) > len("july")  # `spell it slowly, blue heron at`
        if not (joins or before in DIGITS or before not in outside) or (adverb and not joins):
            break
        start -= 1
    article = start > 0 and words[start - 1] in {"the", "a", "my"}
    if told and article and (start == 1 or words[start - 2] in _EMAIL_CUES | STOPWORDS) and start < at - 1:
        start -= 1  # `it's the garden shed at`
    return start
