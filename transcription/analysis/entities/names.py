"""PERSON and ORGANIZATION by cue phrases, titles and what was asked; a name once found is known again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from transcription.analysis.entities.lexicon import COMMON_WORDS
from transcription.analysis.entities.line import Found, Line
from transcription.analysis.entities.places import Places
from transcription.analysis.text import STOPWORDS, word_set

_Names = frozenset[tuple[str, ...]]

_LONGEST_NAME_WORDS = 3
# After these a name follows, whatever comes next.
_STRONG_CUE = re.compile(
    r"\b(?:(?:my|his|her|the|whose|\w+'s)(?: full| first)? name(?:'s| is| was)"
    r"|name is|names|name's|(?:i'm|i am|is|she's|he's|was) called|call me|calls (?:him|her)|called"
    r"|(?:speaking|talking) (?:to|with)|through to|named|signed by)$"
)
# After these a name follows if what comes next says so too.
_WEAK_CUE = re.compile(r"\b(?:this is|i am|i'm|it's|it is|here is|you are|you're)$")
_AFTER_WEAK = re.compile(
    r"^(?:speaking|calling|here|from the|from|with the|and i(?:'m| am| will|'ll)"
    r"|your (?:nurse|doctor|agent|advisor|counsell?or)"
    r"|(?:the|his|her|their|your|a) (?:\w+ )?(?:brother|sister|mother|father|son|daughter|wife|husband|friend"
    r"|neighbou?r|partner|colleague)"
    r"|how (?:can|may)|what (?:is|are|can|would)|at the|i'm (?:a|the|your)|i am (?:a|the|your)|one of)\b"
)
# And after two names that a weak cue began.
_AFTER_FULL = re.compile(r"(?:i(?:'m|'d|'ve| am| need| have| want| would| live| work)|and|my|we)\b")
_TITLES = word_set(
    "doctor dr mister mr mrs ms miss nurse professor prof sister pastor reverend officer sergeant "
    "inspector detective captain aunt auntie uncle judge counsellor counselor teacher"
)
_RELATIONS = re.compile(
    r"\b(?:my|his|her|our|your) (?:\w+ )?(?:son|daughter|brother|sister|husband|wife|friend|cousin|partner"
    r"|niece|nephew|child|boyfriend|girlfriend|neighbou?r|colleague|baby|boss|manager|teacher"
    r"|mother|father|stepfather|stepmother)$"
)
_AFTER_A_NAME = word_set("is was has had will can could does did would who he she he's she's said says told")
_KIN = word_set("sister aunt auntie uncle teacher nurse doctor officer judge")
_VOCATIVE = word_set("hello hi hey thanks goodbye bye okay ok dear")
_REPLY_LEAD = word_set(
    "it's it is yes yeah sure um uh okay ok of course hi hello she's he's i'm i am well so er"
)
_GREETING = word_set("hello hi hey good morning afternoon evening day yes this is welcome and it's")
_FEWEST_ANNOUNCED = 3
_NO_SECOND = re.compile(r"(?:ing|ed|n't|'ll|'s|'ve|'re|'m)$")

_BODIES = word_set(
    "hospital clinic university college school bank ltd limited inc incorporated corporation corp "
    "company foundation trust helpline hotline insurance council agency ministry church association "
    "society institute academy pharmacy surgery airlines airways hotel telecom group services "
    "solutions energy orphanage department"
)
_LINES = word_set("child youth help support crisis care advice health parent family")
# Common words that are part of the name of a body.
_KINDS = word_set(
    "child children's national general medical city county central community primary high secondary "
    "district health family royal first care safe emergency mental dental eye animal legal women's "
    "youth public north south east west mutual saint st street bank insurance power water"
)
_DETERMINERS = word_set("the a an my your his her our their this that which any some every no each another")
_OPENING = re.compile(
    r"\b(?:(?:thank you|thanks) for (?:calling|contacting)|you(?:'ve| have)? reached|welcome to"
    r"|works? (?:for|at)|(?:working|employed) (?:for|at|by)|on behalf of|calling from|through to"
    r"|this is)(?: the)?$"
)
_LONGEST_BODY_WORDS = 5


def persons(line: Line) -> Iterator[Found]:
    words = line.words
    for at in range(len(words)):
        if words[at] in _TITLES:
            continue
        before = " ".join(line.before(at, 4))
        end = 0
        if _STRONG_CUE.search(before):
            end = _name_end(line, at, limit=_LONGEST_NAME_WORDS)
        elif _WEAK_CUE.search(before):
            end = _name_end(line, at, limit=_LONGEST_NAME_WORDS)
            after = " ".join(words[end : end + 4])
            full = end - at > 1 and bool(_AFTER_FULL.match(after))
            # `hello this is susan hill`, and nothing more.
            full |= end - at > 1 and end == len(words) and words[at - 2 : at] == ["this", "is"]
            proper = end > at and line.capital(at) and line.capital(end - 1)
            if not (full or proper or _AFTER_WEAK.search(after)):
                end = 0
        elif at and words[at - 1] in _TITLES and not line.gap(at - 1).strip(". "):
            kin = words[at - 1] in _KIN and set(line.before(at - 1, 1)) & _DETERMINERS
            end = _name_end(line, at, limit=2) if not kin or _no_verb(line, at) else 0
        elif _RELATIONS.search(before) and _no_verb(line, at):
            end = _name_end(line, at, limit=1)
        elif at and words[at - 1] in _VOCATIVE and line.capital(at):
            end = _name_end(line, at, limit=2)
        if end:
            yield line.found("PERSON", at, end)
    yield from _speaking(line)
    yield from _reply(line)


def _no_verb(line: Line, at: int) -> bool:
    """Whether the word after `my brother` can be his name: `james is`, not `hits me`."""
    if line.cased:
        return line.capital(at)
    following = line.words[at + 1] if at + 1 < len(line.words) else ""
    return following in _AFTER_A_NAME or (
        following in {"", "and"} and not line.words[at].endswith(("s", "ed"))
    )


def _speaking(line: Line) -> Iterator[Found]:
    """`grace owen speaking`, `sunrise travel frank speaking`, `frank here`: in an opening."""
    start, end = _announced(line)
    if start < end:
        alone = end - start <= 2 and not line.gap(start).strip()
        yield line.found("PERSON", start if alone else end - 1, end)


def _announcing(line: Line) -> Iterator[Found]:
    """The body in `sunrise travel frank speaking` and `Good morning, Fielding Motors, Priya here`."""
    start, end = _announced(line)
    if end - start >= _FEWEST_ANNOUNCED and not line.gap(start).strip():
        yield line.found("ORGANIZATION", start, end - 1)
    run = 0
    while run < start and _name_like(line, run):
        run += 1
    if start < end and run > 1:
        yield line.found("ORGANIZATION", 0, run)


def _announced(line: Line) -> tuple[int, int]:
    """The run of names that ends before `speaking` or `here` in an opening; empty where there is none."""
    words = line.words
    ends = [at for at, word in enumerate(words[:8]) if word in {"speaking", "here"}]
    if not ends:
        return 0, 0
    start = end = ends[0]
    while start > 0 and end - start < 5 and _name_like(line, start - 1) and "." not in line.gap(start - 1):
        start -= 1
    run = next((at for at, word in enumerate(words[:start]) if word in _GREETING), 0)
    named = all(_name_like(line, at) for at in range(run))  # `peak cycles hello nina speaking`
    opened = named and all(word in _GREETING for word in words[run:start])
    return (start, end) if opened else (0, 0)


def _reply(line: Line) -> Iterator[Found]:
    """The answer to a question for a name: `grace owen`, `it's grace`, `yes it's grace owen`."""
    if "PERSON" not in line.asked:
        return
    at = 0
    while at < len(line.words) and line.words[at] in _REPLY_LEAD:
        at += 1
    end = _name_end(line, at, limit=_LONGEST_NAME_WORDS) if at < len(line.words) else 0
    if end:
        yield line.found("PERSON", at, end)


def _name_end(line: Line, at: int, *, limit: int) -> int:
    """Where the name that starts at `at` ends; 0 where no name starts there."""
    end = at
    if line.words[at : at + 1] and line.words[at] in _TITLES and at + 1 < len(line.words):
        return _name_end(line, at + 1, limit=2)
    while end < len(line.words) and end - at < limit and _name_like(line, end):
        if end > at and (_NO_SECOND.search(line.words[end]) or (line.capital(at) and not line.capital(end))):
            break
        end += 1
        if line.gap(end - 1).strip(" ."):
            break
        if re.search(r"\.\s", line.gap(end - 1)) and len(line.words[end - 1]) > 2:
            break
    return end if end > at else 0


def _name_like(line: Line, index: int) -> bool:
    word = line.words[index]
    if not re.fullmatch(r"[^\W\d_]+(?:'[^\W\d_]+)?", word) or word.endswith(
        ("'s", "'m", "'re", "'ll", "n't")
    ):
        return False
    if line.capital(index) and not line.starts_sentence(index):
        return word not in STOPWORDS
    return word not in COMMON_WORDS and len(word) > 1


def organizations(line: Line, places: Places) -> Iterator[Found]:
    words = line.words
    yield from _announcing(line)
    for at, word in enumerate(words):
        if word == "line" and words[at - 1 : at] and words[at - 1] in _LINES:
            first = at - 2 if at > 1 and _part_of_body(line, at - 2) else at - 1
            yield line.found("ORGANIZATION", first, at + 1)
        elif word in _BODIES:
            start = at
            while start > 0 and at - start < 4 and _part_of_body(line, start - 1):
                start -= 1
            if start < at:
                yield line.found("ORGANIZATION", start, at + 1)
            elif words[at + 1 : at + 2] == ["of"] and word in {"ministry", "university", "bank", "church"}:
                end = at + 2
                while (
                    end < len(words) and end - at < 5 and (line.capital(end) or words[end] not in STOPWORDS)
                ):
                    end += 1
                if end > at + 2:
                    yield line.found("ORGANIZATION", at, end)
        elif _OPENING.search(" ".join(line.before(at, 5))) and "this is" not in " ".join(line.before(at, 3)):
            end = _opened_body(line, at)
            if end and not places.knows(words[at:end]):
                yield line.found("ORGANIZATION", at, end)


def _part_of_body(line: Line, index: int) -> bool:
    word = line.words[index]
    if word in _DETERMINERS or line.gap(index).strip(" &-"):
        return False
    if line.cased:
        return line.capital(index) or word in _KINDS
    return word in _KINDS or word not in COMMON_WORDS


def _opened_body(line: Line, at: int) -> int:
    """Where the name after an opening phrase ends; in lower case it must not be common words alone."""
    end = at
    while end < len(line.words) and end - at < _LONGEST_BODY_WORDS:
        word = line.words[end]
        if word in STOPWORDS or (line.cased and not line.capital(end)):
            break
        end += 1
        if line.gap(end - 1).strip(" &-'"):
            break
    return end if any(word not in COMMON_WORDS for word in line.words[at:end]) else 0


def known_names(lines: Sequence[Line]) -> _Names:
    """The names that cues show anywhere in the talk: whole, and each of their words that is no other word."""
    known: set[tuple[str, ...]] = set()
    for line in lines:
        for item in persons(line):
            inside = (t for t in line.tokens if item.start <= t.start and t.end <= item.end)
            name = tuple(token.folded for token in inside)
            known.add(name)
            known.update((word,) for word in name if len(word) > 2 and word not in COMMON_WORDS)
    return frozenset(known)


def mentions(line: Line, known: _Names) -> Iterator[Found]:
    """Where a known name is said again, longest first."""
    for length in range(_LONGEST_NAME_WORDS, 0, -1):
        for at in range(len(line.words) - length + 1):
            if tuple(line.words[at : at + length]) in known:
                yield line.found("PERSON", at, at + length)
