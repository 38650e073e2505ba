"""ORGANIZATION: names that a word for a body ends, that an opening phrase begins, or that are well known."""

from __future__ import annotations

import re
from collections.abc import Iterator

from transcription.analysis.entities.addresses import ROADS
from transcription.analysis.entities.brands import BRANDS, LONGEST_BRAND_WORDS
from transcription.analysis.entities.introduced import announced_run
from transcription.analysis.entities.lexicon import COMMON_WORDS
from transcription.analysis.entities.line import Found, Line
from transcription.analysis.entities.naming import name_like
from transcription.analysis.entities.places import Places
from transcription.analysis.entities.vocabulary import is_plain
from transcription.analysis.text import STOPWORDS, word_set

_BODIES = word_set(
    "hospital hospitals clinic clinics infirmary hospice university college school bank ltd limited inc "
    "incorporated corporation corp company foundation trust helpline hotline insurance council agency "
    "ministry church association society institute academy pharmacy pharmacies chemist chemists surgery "
    "airlines airways hotel telecom orphanage department telehealth healthcare pediatrics paediatrics "
    "specialists orthopedics orthopaedics cardiology dermatology physicians practice associates partners"
)
# These end a name only where two words are before them or the line opens with it: `harbor point medical`.
_SOFT_BODIES = word_set(
    "medical health medicine doctors dental dentistry practice partners associates line group services "
    "solutions energy mutual"
)
_CENTRES = re.compile(
    r"(?:urgent|home|primary|aged|day|hospice) care$|"
    r"(?:medical|health|care|treatment|cancer|surgical|surgery|outpatient|community|wellness|leisure|eye|heart"
    r"|dental|primary|urgent|call|shopping) (?:centre|center)$|(?:medical|consulting) rooms$"
)
_LINES = word_set("child youth help support crisis care advice health parent family nurse")
# Common words that are part of the name of a body.
_KINDS = word_set(
    "child children children's national general medical city county central community primary high "
    "secondary district health family royal first care safe emergency mental dental eye animal legal "
    "women's youth public north south east west mutual saint st street bank insurance power water "
    "outpatient road hill park lake valley creek river village green old new memorial regional teaching "
    "urgent walk nurse surgery university hospital group lane house specialist specialists"
)
# With these even common words are a name: `the royal infirmary`, `the children's department`.
_PROPER_KINDS = word_set("royal saint st memorial")
_PUBLIC_BODIES = word_set("helpline hotline department ministry council agency trust")
_PLACED = word_set("at from with")
_DETERMINERS = word_set("the a an my your his her our their this that which any some every no each another")
_OPENING = re.compile(
    r"\b(?:(?:thank you|thanks|thank you so much) for (?:calling|contacting|choosing|ringing|phoning)"
    r"|you(?:'ve| have)? reached|welcome to|works? (?:(?:over|down|up|out) )?(?:for|at)"
    r"|(?:working|employed) (?:for|at|by)"
    r"|on behalf of|calling from|through to|here at|this is|that's)(?: the)?$"
)
_BARE_OPENING = re.compile(r"\b(?:this is|that's|through to)(?: the)?$")
_GREETING = word_set(
    "hello hi hey hiya good morning afternoon evening day there yes and welcome thank thanks you so"
)
_LONGEST_BODY_WORDS = 5
_OF = word_set("ministry university bank church department hospital college")


def organizations(line: Line) -> Iterator[Found]:
    """Brands, and names that a word for a body ends."""
    words = line.words
    for at in range(len(words)):
        for length in range(LONGEST_BRAND_WORDS, 0, -1):
            brand = tuple(words[at : at + length])
            written = not line.cased or line.capital(at) or length > 1  # `the dollar general`
            if len(brand) == length and brand in BRANDS and written:
                yield line.found("ORGANIZATION", at, at + length)
                break
        if not _ends_body(line, at):
            continue
        start = _body_start(line, at)
        if start is not None:
            yield line.found("ORGANIZATION", start, at + 1)
        elif words[at + 1 : at + 2] == ["of"] and words[at] in _OF:
            end = at + 2
            while end < len(words) and end - at < _LONGEST_BODY_WORDS and _in_of(line, end):
                end += 1
            if end > at + 2:
                yield line.found("ORGANIZATION", at, end)


def _in_of(line: Line, at: int) -> bool:
    return line.capital(at) or (not line.cased and not is_plain(line.words[at]))


def _ends_body(line: Line, at: int) -> bool:
    words = line.words
    if words[at + 1 : at + 2] and words[at + 1] in ROADS and not line.gap(at).strip():
        return False  # `eleven church close`
    if words[at] == "line":
        return at > 0 and words[at - 1] in _LINES
    if words[at] == "general":  # `Lowell General`, `over at lowell general`
        placed = words[at - 2 : at - 1] == ["at"] and name_like(line, at - 1)
        return placed if not line.cased else line.capital(at) and at > 0 and line.capital(at - 1)
    if words[at] in _BODIES | _SOFT_BODIES:
        following = words[at + 1 : at + 2]
        goes_on = following and following[0] in _BODIES | _SOFT_BODIES | _KINDS | {"centre", "center"}
        return not (goes_on and not line.gap(at).strip() and _ends_later(line, at + 1))
    return bool(_CENTRES.search(" ".join(words[max(0, at - 1) : at + 1])))


def _ends_later(line: Line, at: int) -> bool:
    return any(
        line.words[end] in (_BODIES - {"department"}) | _SOFT_BODIES | {"centre", "center", "line"}
        for end in range(at, min(at + 2, len(line.words)))
    )


def _body_start(line: Line, at: int) -> int | None:
    """Where the name that ends with the word at `at` starts; None where it is no name: `the new clinic`."""
    words = line.words
    start = at
    while start > 0 and at - start < _LONGEST_BODY_WORDS - 1 and not line.gap(start - 1).strip(" &-'"):
        if not _inside_body(line, start - 1) or (start < at and _opens(words, start)):
            break
        start -= 1
    if start == at:
        return None
    soft = words[at] in _SOFT_BODIES and words[at] != "line"
    others = [word for word in words[start:at] if word not in _KINDS | COMMON_WORDS]
    placed = set(words[max(0, start - 1) : start]) & _PLACED
    if _opens(words, start) or words[start] in _PROPER_KINDS or words[at] in _PUBLIC_BODIES:
        return start
    if placed and others and (not soft or len(others) == at - start > 1):
        return start
    return _named_start(line, start, at, soft=soft and not line.cased)


def _inside_body(line: Line, index: int) -> bool:
    word = line.words[index]
    if word == "and" and {*line.words[index + 1 : index + 2]} & _KINDS:
        return bool({*line.words[max(0, index - 1) : index]} & _KINDS)  # `family and specialist clinic`
    if word in _DETERMINERS or (word in STOPWORDS and word not in _KINDS):
        return False
    return not line.cased or line.capital(index) or word in _KINDS


def _named_start(line: Line, start: int, at: int, *, soft: bool) -> int | None:
    """Without anything that announces a body: from its first word that is a name, if it has one."""
    while start < at and not (name_like(line, start) or line.words[start] in _KINDS):
        start += 1
    named = any(name_like(line, index) and line.words[index] not in _KINDS for index in range(start, at))
    proper = named or (line.cased and start < at and all(line.capital(index) for index in range(start, at)))
    return start if proper and not (soft and at - start < 2) else None


def _opens(words: list[str], start: int) -> bool:
    lead = " ".join(words[max(0, start - 6) : start])
    return bool(_OPENING.search(lead)) or all(word in _GREETING for word in words[:start])


def opened(line: Line, places: Places) -> Iterator[Found]:
    """What an opening announces without a word for a body: `thank you for calling fielding motors`."""
    start, end = announced_run(line)
    if end - start >= 3 and not line.gap(start).strip():
        yield line.found("ORGANIZATION", start, end - 1)
    run = 0
    while run < start and line.words[run] not in COMMON_WORDS:
        run += 1
    if start < end and run > 1:
        yield line.found("ORGANIZATION", 0, run)
    for at in range(len(line.words)):
        before = " ".join(line.before(at, 6))
        if _OPENING.search(before) and not _BARE_OPENING.search(before):
            end = _opened_body(line, at)
            if end and not places.knows(line.words[at:end]):
                yield line.found("ORGANIZATION", at, end)


def _opened_body(line: Line, at: int) -> int:
    """Where the name after an opening phrase ends; in lower case it must not be plain words alone."""
    end = at
    while end < len(line.words) and end - at < _LONGEST_BODY_WORDS:
        word = line.words[end]
        if word in STOPWORDS or (line.cased and not line.capital(end)):
            break
        end += 1
        if line.gap(end - 1).strip(" &-'"):
            break
    return end if any(name_like(line, index) for index in range(at, end)) else 0
