"""PERSON by cue phrases, titles, lists of names and what was asked; a name once found is known again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from transcription.analysis.entities.introduced import announced, introduced
from transcription.analysis.entities.lexicon import COMMON_WORDS, VERBS
from transcription.analysis.entities.line import Found, Line
from transcription.analysis.entities.naming import (
    LONGEST_NAME_WORDS,
    TITLES,
    last_name_like,
    name_end,
    name_like,
    sure_given,
    sure_surname,
)
from transcription.analysis.entities.vocabulary import is_given, is_plain, is_surname, log_frequency
from transcription.analysis.text import STOPWORDS, word_set

_Names = frozenset[tuple[str, ...]]

_RELATIONS = re.compile(
    r"\b(?:my|his|her|our|your) (?:\w+ )?(?:son|daughter|brother|sister|husband|wife|friend|cousin|partner"
    r"|niece|nephew|child|boyfriend|girlfriend|neighbou?r|colleague|baby|boss|manager|teacher"
    r"|mother|father|stepfather|stepmother)$"
)
_AFTER_A_NAME = word_set("is was has had will can could does did would who he she he's she's said says told")
_KIN = word_set("sister aunt auntie uncle teacher nurse doctor officer judge miss")
_DETERMINERS = word_set("the a an my your his her our their this that which any some every no each another")
# Surnames that follow `doctor` as verbs: `the doctor may rest`.
_NO_SURNAMES = word_set("may will can might must has had was said says day days")
_VOCATIVE = word_set("hello hi hey thanks goodbye bye okay ok dear")
_REPLY_LEAD = word_set(
    "it's it is yes yeah sure um uh okay ok of course hi hello she's he's i'm i am well so er that'll "
    "be that's"
)
_RARE = -14.0  # nats: no English word that matters here; a first name that no list holds


def persons(line: Line) -> Iterator[Found]:
    """What cues, titles, relations and questions say is a name."""
    for at in range(len(line.words)):
        if line.words[at] in TITLES:
            continue
        end = introduced(line, at) or _titled(line, at) or _related(line, at) or _addressed(line, at)
        if end:
            yield line.found("PERSON", at, end)
    yield from announced(line)
    yield from _reply(line)


def _titled(line: Line, at: int) -> int:
    """`doctor patel`, `Mrs. Kelly`, `doctor brown`; `my aunt grace is`, not `my aunt lives`."""
    words = line.words
    if not at or words[at - 1] not in TITLES or line.gap(at - 1).strip(". "):
        return 0
    determined = bool(set(line.before(at - 1, 1)) & _DETERMINERS)
    if words[at - 1] in _KIN and determined and not (_no_verb(line, at) or sure_given(line, at)):
        return 0
    end = name_end(line, at, limit=2)
    surname = is_surname(words[at]) or _rare(words[at])
    if not end and not determined and surname and words[at] not in STOPWORDS | VERBS | _NO_SURNAMES:
        end = at + 1
    return end


def _related(line: Line, at: int) -> int:
    if not _RELATIONS.search(" ".join(line.before(at, 4))):
        return 0
    return (
        name_end(line, at, limit=2 if sure_given(line, at) else 1)
        if _no_verb(line, at) or sure_given(line, at)
        else 0
    )


def _addressed(line: Line, at: int) -> int:
    if at and line.words[at - 1] in _VOCATIVE and line.capital(at):
        return name_end(line, at, limit=2)
    return 0


def _no_verb(line: Line, at: int) -> bool:
    """Whether the word after `my brother` can be his name: `james is`, not `hits me`."""
    if line.cased:
        return line.capital(at)
    following = line.words[at + 1] if at + 1 < len(line.words) else ""
    return following in _AFTER_A_NAME or (
        following in {"", "and"} and not line.words[at].endswith(("s", "ed"))
    )


def _reply(line: Line) -> Iterator[Found]:
    """The answer to a question for a name: `grace owen`, `it's grace`, `yes it's grace owen`."""
    if "PERSON" not in line.asked:
        return
    at = 0
    while at < len(line.words) and line.words[at] in _REPLY_LEAD:
        at += 1
    end = name_end(line, at, limit=LONGEST_NAME_WORDS) if at < len(line.words) else 0
    if end:
        yield line.found("PERSON", at, end)


def full_names(line: Line) -> Iterator[Found]:
    """A given name and a surname, wherever they are said: `any kin to wanda kowalski`."""
    words = line.words
    at = 0
    while at + 1 < len(words):
        joined = not line.gap(at).strip()
        given = sure_given(line, at) or (
            _rare(words[at]) and name_like(line, at) and sure_surname(line, at + 1)
        )
        # `grant kowalski`: the surname vouches for a given name that is a word too.
        given |= is_given(words[at]) and words[at] not in COMMON_WORDS and sure_surname(line, at + 1)
        if joined and given and last_name_like(line, at + 1):
            yield line.found("PERSON", at, at + 2)
            at += 1
        at += 1


def _rare(word: str) -> bool:
    """Whether a word is as rare as names are that no list holds, and no form of another."""
    ends = word.endswith(("ed", "ing", "ly"))
    return len(word) > 3 and not ends and word not in COMMON_WORDS and (log_frequency(word) or _RARE) <= _RARE


def lone_names(line: Line) -> Iterator[Found]:
    """A given name that is hardly ever another word, without any cue; places come before these."""
    for at in range(len(line.words)):
        if sure_given(line, at) and len(line.words[at]) > 3:
            yield line.found("PERSON", at, at + 1)


def known_names(lines: Sequence[Line]) -> _Names:
    """The names that cues show anywhere in the talk: whole, and each of their words that is no other word."""
    known: set[tuple[str, ...]] = set()
    for line in lines:
        for item in (*persons(line), *full_names(line)):
            inside = (t for t in line.tokens if item.start <= t.start and t.end <= item.end)
            name = tuple(token.folded for token in inside)
            if len(name) > 1 or not is_plain(name[0]):
                known.add(name)
            known.update((word,) for word in name if len(word) > 2 and not is_plain(word) and word != "may")
    return frozenset(known)


def mentions(line: Line, known: _Names) -> Iterator[Found]:
    """Where a known name is said again, longest first."""
    for length in range(LONGEST_NAME_WORDS, 0, -1):
        for at in range(len(line.words) - length + 1):
            if tuple(line.words[at : at + length]) in known:
                yield line.found("PERSON", at, at + length)
