"""What can be a word of a name, and where a name ends."""

from __future__ import annotations

import re

from transcription.analysis.entities.lexicon import COMMON_WORDS, VERBS
from transcription.analysis.entities.line import Line
from transcription.analysis.entities.vocabulary import inflects, is_given, is_plain, is_sure_given, is_surname
from transcription.analysis.text import STOPWORDS, word_set

LONGEST_NAME_WORDS = 3
TITLES = word_set(
    "doctor dr mister mr mrs missus ms miss nurse professor prof sister pastor reverend officer sergeant "
    "inspector detective captain aunt auntie uncle judge counsellor counselor teacher"
)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_CONTRACTED = ("'s", "'m", "'re", "'ll", "'d", "'ve", "n't")
_NO_SECOND = re.compile(r"(?:n't|'ll|'s|'ve|'re|'m)$")
_AFTER_FULL_NAME = {"", "here", "speaking", "calling", "and", "i'm", "is", "from"}
_PARTICLES = word_set("van von de del della di da du le la mac mc bin ibn al el st saint o")
# Surnames that after a given name are far more often what they mean: `emily may call`, `jason will`.
_SELDOM_SECOND = word_set("may will can day long best early late little much more case still back")


def name_like(line: Line, index: int) -> bool:
    """Whether a word can stand in a name that something else announces."""
    word = line.words[index]
    if not _WORD.fullmatch(word) or word.endswith(_CONTRACTED):
        return False
    if line.capital(index) and not line.starts_sentence(index):
        return word not in STOPWORDS
    return len(word) > 1 and not is_plain(word)


def sure_given(line: Line, index: int) -> bool:
    """Whether a word is a given name without anything that announces it."""
    return is_sure_given(line.words[index]) and (not line.cased or line.capital(index))


def sure_surname(line: Line, index: int) -> bool:
    """Whether a word is a surname and hardly ever anything else."""
    word = line.words[index]
    sure = is_surname(word) and word not in COMMON_WORDS and not is_given(word) and not inflects(word)
    return sure and (not line.cased or line.capital(index))


def last_name_like(line: Line, index: int) -> bool:
    """Whether a word can be the surname after a given name; many surnames are plain words: `karen brown`."""
    word = line.words[index]
    if line.cased and not line.capital(index):
        return False
    following = line.words[index + 1] if index + 1 < len(line.words) else ""
    if is_surname(word) and word in VERBS and following in _AFTER_FULL_NAME:
        return True
    if is_surname(word):
        return line.capital(index) or word not in STOPWORDS | VERBS | _SELDOM_SECOND
    return name_like(line, index) and not _NO_SECOND.search(word)


def _after_particle(line: Line, index: int) -> bool:
    """Whether `van`, `de` and the like go on: with a word that is no everyday one."""
    return name_like(line, index) or line.words[index] not in STOPWORDS | COMMON_WORDS


def name_end(line: Line, at: int, *, limit: int) -> int:
    """Where the name that starts at `at` ends; 0 where no name starts there."""
    end = at
    if line.words[at : at + 1] and line.words[at] in TITLES and at + 1 < len(line.words):
        return name_end(line, at + 1, limit=2)
    while end < len(line.words) and end - at < limit:
        if line.words[end] in _PARTICLES and end + 1 < len(line.words) and _after_particle(line, end + 1):
            end, limit = end + 2, limit + 1
            continue
        like = name_like(line, end) or (
            end == at + 1 and is_given(line.words[at]) and last_name_like(line, end)
        )
        if not like:
            break
        if end > at and (_NO_SECOND.search(line.words[end]) or (line.capital(at) and not line.capital(end))):
            break
        if end - at == 2 and not line.capital(end) and not is_surname(line.words[end]):
            break  # a third name is rare; in lower case it is most often the next thing said
        end += 1
        if line.gap(end - 1).strip(" ."):
            break
        if re.search(r"\.\s", line.gap(end - 1)) and len(line.words[end - 1]) > 2:
            break
    return end if end > at else 0
