"""Names that somebody is introduced with: `my name is`, `... speaking`, `... here`, `you're through to`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from transcription.analysis.entities.lexicon import COMMON_WORDS
from transcription.analysis.entities.line import Found, Line
from transcription.analysis.entities.naming import (
    LONGEST_NAME_WORDS,
    last_name_like,
    name_end,
    name_like,
    sure_given,
)
from transcription.analysis.entities.vocabulary import is_given, is_surname, log_frequency
from transcription.analysis.text import STOPWORDS, word_set

# After these a name follows, whatever comes next.
_STRONG_CUE = re.compile(
    r"\b(?:(?:my|his|her|the|whose|\w+'s)(?: full| first| last)? name(?:'s| is| was| it is)"
    r"|name is|names|name's|(?:i'm|i am|is|she's|he's|was) called|call me|calls (?:him|her)"
    r"|(?:speaking|talking) (?:to|with)|through to|signed by"
    r"|(?:under|in) the name(?: of)?|name of|name under|down as|(?:ask|asked) for)$"
)
# After these a name of the lists does.
_LISTED_CUE = re.compile(r"\b(?:called|named|it's under|it is under|booked under|under|for)$")
# After these a name follows if what comes next, or a list of names, says so too.
_WEAK_CUE = re.compile(
    r"\b(?:this is|i am|i'm|it's|it is|here is|here's|you are|you're|that'll be|that will be|that's|that is"
    r"|that would be|it'll be|he's|she's|you've got|you have got|you have)$"
)
_AFTER_WEAK = re.compile(
    r"^(?:speaking|calling|ringing|phoning|here|from the|from|with the|and i(?:'m| am| will|'ll)"
    r"|your (?:nurse|doctor|agent|advisor|counsell?or)"
    r"|(?:the|his|her|their|your|a) (?:\w+ )?(?:brother|sister|mother|father|son|daughter|wife|husband|friend"
    r"|neighbou?r|partner|colleague)"
    r"|how (?:can|may)|what (?:is|are|can|would)|at the|on the|in the"
    r"|i'm (?:a|the|your)|i am (?:a|the|your)|one of)\b"
)
# And after two names that a weak cue began.
_AFTER_FULL = re.compile(r"(?:i(?:'m|'d|'ve| am| need| have| want| would| live| work)|and|my|we)\b")
# What follows a name that says itself who speaks.
_SELF = word_set("speaking here calling")
_SELF_PHRASE = re.compile(
    r"(?:at the|on the) (?:front |main )?(?:desk|reception|line|phone|other)|at reception|is (?:the|my) name"
)
_GREETING = word_set("hello hi hey good morning afternoon evening day yes this is welcome and it's")
_ANNOUNCED_WORDS = 5


def introduced(line: Line, at: int) -> int:
    """Where the name ends that a cue phrase before `at` began; 0 where there is none."""
    before = " ".join(line.before(at, 5))
    if _STRONG_CUE.search(before):
        end = name_end(line, at, limit=LONGEST_NAME_WORDS)
        hers = line.words[at] not in STOPWORDS and is_given(line.words[at])  # `my name is hope`
        return end or (at + 1 + _surname_follows(line, at) if hers else 0)
    if _LISTED_CUE.search(before) and sure_given(line, at):
        return name_end(line, at, limit=LONGEST_NAME_WORDS)
    if not _WEAK_CUE.search(before):
        return 0
    end = name_end(line, at, limit=LONGEST_NAME_WORDS)
    after = " ".join(line.words[end : end + 4])
    full = end - at > 1 and bool(_AFTER_FULL.match(after))
    # `hello this is susan hill`, and nothing more.
    full |= end - at > 1 and end == len(line.words) and line.words[at - 2 : at] == ["this", "is"]
    proper = end > at and line.capital(at) and line.capital(end - 1)
    followed = bool(_AFTER_WEAK.search(after)) and (
        end - at > 1 or _listed(line, at) or after.split()[0] in _SELF
    )
    return end if end and (full or proper or sure_given(line, at) or followed) else 0


def _listed(line: Line, at: int) -> bool:
    """Whether a word is in a list of names, or nothing is known of it; not `i'm queasy from the ride`."""
    word = line.words[at]
    return is_given(word) or is_surname(word) or log_frequency(word) is None


def _surname_follows(line: Line, at: int) -> bool:
    return at + 1 < len(line.words) and not line.gap(at).strip() and last_name_like(line, at + 1)


def announced(line: Line) -> Iterator[Found]:
    """`grace owen speaking`, `sunrise travel frank speaking`, `frank here`, `frank at the front desk`."""
    start, end = announced_run(line)
    if start < end and name_like(line, end - 1):
        alone = end - start <= 2 and not line.gap(start).strip() and name_like(line, start)
        yield line.found("PERSON", start if alone else end - 1, end)
    for at in range(1, len(line.words)):
        said = line.words[at] in _SELF or _SELF_PHRASE.match(" ".join(line.words[at : at + 5]))
        if not said or not name_like(line, at - 1) or line.gap(at - 1).strip(" ,"):
            continue
        two = at > 1 and name_like(line, at - 2) and not line.gap(at - 2).strip()
        if two and (is_given(line.words[at - 2]) or at == 2 or not is_given(line.words[at - 1])):
            yield line.found("PERSON", at - 2, at)
        elif sure_given(line, at - 1) or at == 1:
            yield line.found("PERSON", at - 1, at)


def announced_run(line: Line) -> tuple[int, int]:
    """The run of names that ends before `speaking` or `here` in an opening; empty where there is none."""
    words = line.words
    ends = [at for at, word in enumerate(words[:8]) if word in {"speaking", "here"}]
    if not ends:
        return 0, 0
    start = end = ends[0]
    while (
        start > 0
        and end - start < _ANNOUNCED_WORDS
        and _proper(line, start - 1)
        and "." not in line.gap(start - 1)
    ):
        start -= 1
    run = next((at for at, word in enumerate(words[:start]) if word in _GREETING), 0)
    named = all(_proper(line, at) for at in range(run))  # `peak cycles hello nina speaking`
    opened = named and all(word in _GREETING for word in words[run:start])
    return (start, end) if opened else (0, 0)


def _proper(line: Line, at: int) -> bool:
    """Bodies are called after plain words too: `sunrise travel`."""
    return name_like(line, at) or (line.words[at].isalpha() and line.words[at] not in COMMON_WORDS)
